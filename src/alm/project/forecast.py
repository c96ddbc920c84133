"""What each stage of a preset takes: as its last run here did, or its work at a measured pace.

A forecast is of a stage that starts anew. It is printed and kept nowhere.
"""

from dataclasses import dataclass
from pathlib import Path

from alm.config import EvaluateConfig, Params
from alm.footprint import Footprint
from alm.project.budget import HeldOut
from alm.project.cost import BYTES_PER_FLOAT, MEASURED
from alm.project.finding import Finding, Verdict
from alm.project.plan import Plan, StagePlan, spell_bytes, spell_seconds

LAST_RUN = "its last run here"
PROBE = "the probe"
FORWARD_SHARE = 1 / 3  # of the work of a forward and a backward pass
QUESTIONS = {"copy": 1, "reverse": 1, "sort": 1, "arithmetic": 3, "recall": 1}  # kinds by task
QUESTION_TOKENS = 70  # about: a prompt, and four answers behind it
SAMPLED_TOKENS = {"json": 24, "samples": 32}  # at most, of each text
N_MODELS = 2  # of float and of int8 weights, in memory side by side
N_STYLES = 2  # of each sample: greedy and at random


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Seconds and bytes of the whole network; ``alm.probe`` measures them."""

    training: float
    """Seconds per token, forward and backward."""
    update: float
    """Seconds per step of the optimizer."""
    scoring: float
    """Seconds per token of a forward pass in float32."""
    speaking: float
    """Seconds per token that is sampled."""
    training_bytes: int
    """Most memory while training."""
    scoring_bytes: int
    """Most memory of a forward pass, the network and torch itself included."""
    basis: str
    """What was timed, and where."""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Time and memory of a stage, and how they are known."""

    seconds: float
    peak_bytes: int
    basis: str


def forecast(plan: Plan, pace: Pace, states: Path) -> dict[str, Forecast]:
    """Return what can be told of each stage; one of which nothing can be told is left out.

    Args:
        plan: of the preset.
        pace: of its network on this machine.
        states: the state directory, where stages note what they took.
    """
    found = {"pretrain": _train(plan, pace), **_work(plan, pace)}
    for stage in plan.stages:
        if last := Footprint.read(stage.address, states):
            found[stage.name] = Forecast(
                seconds=last.seconds, peak_bytes=last.peak_bytes, basis=LAST_RUN
            )
    return found


def _train(plan: Plan, pace: Pace) -> Forecast:
    """Expect steps, validation and a copy of the best weights, at the speed of a last run if any.

    Reference:
        A backward pass is twice the work of a forward pass, as in ``alm.project.cost``.
    """
    train = plan.params.train
    n_validations = -(-plan.steps // train.validate_every)
    n_forward = n_validations * train.validate_rows * plan.params.data.seq_len
    seconds = (plan.tokens + FORWARD_SHARE * n_forward) * pace.training + plan.steps * pace.update
    is_measured = plan.rate.basis == MEASURED
    return Forecast(
        seconds=plan.seconds if is_measured else seconds,
        peak_bytes=pace.training_bytes + BYTES_PER_FLOAT * plan.size.total,
        basis=f"time {MEASURED}, memory {PROBE}" if is_measured else PROBE,
    )


def _work(plan: Plan, pace: Pace) -> dict[str, Forecast]:
    """Expect what follows training, as far as the work that it is can be counted."""
    params, copy = plan.params, BYTES_PER_FLOAT * plan.size.total
    receipt = N_MODELS * params.quantize.receipt_rows * params.data.seq_len
    spoken = N_STYLES * len(params.sample.prompts) * params.sample.max_new_tokens
    found = {"quantize": _expect(pace, copy, receipt, 0), "sample": _expect(pace, 0, 0, spoken)}
    if plan.budget.held_out is not None:
        read = count_held_out(plan.budget.held_out, params) + count_questions(params.evaluate)
        said = sum(SAMPLED_TOKENS.get(task, 0) for task in params.evaluate.tasks)
        said *= params.evaluate.task_samples
        found["evaluate"] = _expect(pace, copy, read, said)
    return found


def _expect(pace: Pace, n_bytes: int, n_read: int, n_said: int) -> Forecast:
    """Expect so many tokens to be read and said, with so many bytes beside the network."""
    counts = [f"{n:,} tokens {verb}" for n, verb in ((n_read, "read"), (n_said, "said")) if n]
    return Forecast(
        seconds=n_read * pace.scoring + n_said * pace.speaking,
        peak_bytes=pace.scoring_bytes + n_bytes,
        basis=f"{PROBE}: {', '.join(counts)}",
    )


def count_held_out(sources: tuple[HeldOut, ...], params: Params) -> int:
    """Return about how many tokens evaluate reads: windows that overlap by half, padded.

    Documents are taken to be as long as those of their source are on average.
    """
    total, seq_len = 0.0, params.data.seq_len
    for each in (source for source in sources if source.docs):
        limit = params.evaluate.limits.get(each.name, each.docs) / each.docs
        share = min(1.0, limit, params.evaluate.max_bytes / each.bytes)
        beyond = max(0.0, each.tokens / each.docs - 1 - seq_len)
        total += share * each.docs * (seq_len + 2 * beyond)
    return round(total)


def count_questions(config: EvaluateConfig) -> int:
    """Return about how many tokens the questions have, which both models are asked."""
    kinds = sum(QUESTIONS.get(task, 0) for task in config.tasks)
    return N_MODELS * kinds * config.task_examples * QUESTION_TOKENS


def render_stages(plan: Plan, pace: Pace, states: Path, load: Finding) -> str:
    """Lay out as a table what is built and what each stage takes.

    Args:
        plan: of the preset.
        pace: of its network on this machine.
        states: the state directory.
        load: how busy the machine was before the probe; told where it was.
    """
    head = f"{'stage':10}  {'built':5}  {'disk':>10}  {'time':>14}  {'memory':>10}  known from"
    known = forecast(plan, pace, states)
    rows = [_render_stage(stage, known.get(stage.name)) for stage in plan.stages]
    busy = [] if load.verdict is Verdict.OK else [f"load     {load.says}; idle, it takes less"]
    return "\n".join([head, *rows, "", f"probe    {pace.basis}; an estimate, no promise", *busy])


def _render_stage(stage: StagePlan, known: Forecast | None) -> str:
    disk = "?" if stage.n_bytes is None else spell_bytes(stage.n_bytes)
    about = "" if stage.built or stage.n_bytes is None else "~"
    row = f"{stage.name:10}  {'yes' if stage.built else 'no':5}  {about + disk:>10}"
    if known is None:
        return f"{row}  {'?':>14}  {'?':>10}  not run here yet"
    seconds, memory = f"~{spell_seconds(known.seconds)}", f"~{spell_bytes(known.peak_bytes)}"
    return f"{row}  {seconds:>14}  {memory:>10}  {known.basis}"

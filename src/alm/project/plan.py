"""What building a preset takes: tokens, steps, time, disk. Reads, and changes nothing."""

from dataclasses import dataclass
from pathlib import Path

from alm.config import CorpusParams, Machine, Params, Stage
from alm.config.params import SCRATCH
from alm.io import tree_bytes
from alm.project.budget import Budget, describe_sources, read_vocabulary
from alm.project.cost import (
    Rate,
    Size,
    count_parameters,
    flops_per_token,
    int8_bytes,
    model_bytes,
    state_bytes,
    training_rate,
    training_seconds,
)
from alm.project.scaling import describe_scaling

TEXT_STAGES = ("ingest", "normalize", "dedup", "filter", "tokenizer", "pack")
MODEL_STAGES = ("pretrain", "quantize", "evaluate", "sample", "report")


@dataclass(frozen=True, kw_only=True)
class StagePlan:
    """One stage: whether its outputs are there, and their size."""

    name: str
    key: str
    """The corpus or the preset that it is of."""
    built: bool
    n_bytes: int | None
    """On disk where built, else expected; None where nobody can tell before."""

    @property
    def address(self) -> str:
        """What DVC calls it."""
        return f"{self.name}@{self.key}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything `make plan` says about a preset."""

    preset: str
    params: Params
    n_vocab: int
    size: Size
    steps: int
    tokens: int
    """Tokens that those whole steps read."""
    budget: Budget
    """What the corpus has to train on."""
    flops: float
    rate: Rate
    stages: tuple[StagePlan, ...]

    @classmethod
    def of(cls, preset: str, machine: Machine, root: Path = Path()) -> "Plan":
        """Read what is configured and what is built.

        Raises:
            ConfigError: the preset or its corpus cannot be used as written.
            IntegrityError: the packed corpus is damaged.
        """
        params = Params.load(preset, root)
        corpus, ceiling = CorpusParams.load(params.corpus, root), params.model.vocab_size
        n_vocab = read_vocabulary(params.corpus, corpus, ceiling, root)
        budget = Budget.of(params.corpus, corpus, root)
        seq_len = params.data.seq_len
        size, steps = count_parameters(params.model), params.train.steps(seq_len)
        tokens = steps * params.train.batch_size * seq_len
        return cls(
            preset=preset,
            params=params,
            n_vocab=n_vocab,
            size=size,
            steps=steps,
            tokens=tokens,
            budget=budget,
            flops=tokens * flops_per_token(params.model, n_vocab, seq_len),
            rate=training_rate(preset, params, n_vocab, machine),
            stages=_plan_stages(preset, params.corpus, _expect(size, budget), root),
        )

    @property
    def seconds(self) -> float:
        """Expected time of pretrain; the other stages take minutes at most."""
        return training_seconds(self.tokens, self.rate)


def render(plan: Plan) -> str:
    """Lay a plan out as text, its stages apart."""
    params, size = plan.params, plan.size
    per_step = plan.tokens // plan.steps
    start = "" if params.train.init == SCRATCH else f", starting from preset {params.train.init}"
    lines = [
        f"{plan.preset}: {_millions(size.total)} parameters, {_millions(size.active)} active per "
        f"token, on corpus {params.corpus}{start}",
        "",
        f"tokens   {plan.tokens:,} to train on: {plan.steps:,} steps of {per_step:,}",
        f"corpus   {_epochs(plan)}",
        f"shards   {_shards(plan.budget)}",
        f"work     {plan.flops:.2g} FLOP, {plan.flops / plan.tokens / 1e6:.3g} million a token",
        *describe_scaling(params, plan.tokens, plan.flops),
        f"disk     {spell_bytes(state_bytes(size, params))} of training states besides the "
        "outputs below; DVC's cache holds each output once more",
        "",
        *describe_sources(plan.budget, plan.tokens, params.data.mixture),
    ]
    return "\n".join(lines)


def spell_seconds(seconds: float) -> str:
    """Write a duration with the unit that fits it."""
    for unit, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 1.5 * unit:
            return f"{seconds / unit:.1f} {name}"
    return f"{max(1, round(seconds))} seconds"


def spell_bytes(n_bytes: int) -> str:
    """Write a size with the unit that fits it."""
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if n_bytes >= unit:
            return f"{n_bytes / unit:.1f} {name}"
    return f"{n_bytes} B"


def _epochs(plan: Plan) -> str:
    tokens = plan.budget.tokens
    if tokens is None:
        return f"not packed yet: `make pack PRESET={plan.preset}` tells how many tokens it has"
    about = "" if plan.budget.is_packed else "about "
    times = f"each is read {about}{plan.tokens / max(1, tokens):.2f} times"
    if plan.params.data.mixture:
        times = "how often each is read, the mixture says, by source"
    if plan.budget.is_packed:
        return f"{tokens:,} tokens to train on: {times}"
    return f"not packed yet; about {tokens:,} tokens, as below: {times}"


def _shards(budget: Budget) -> str:
    if budget.shards is None:
        return "unknown before there is a tokenizer"
    about = "" if budget.is_packed else "about "
    n_files, n_bytes = budget.shards.n_files, budget.shards.n_bytes
    return f"{about}{n_files:,} file{'s' * (n_files != 1)}, {spell_bytes(n_bytes)} in all"


def _expect(size: Size, budget: Budget) -> dict[str, int | None]:
    """Return the disk that stages take which are not built, where that can be told."""
    return {
        "pack": budget.shards.n_bytes if budget.shards else None,
        "pretrain": model_bytes(size),
        "quantize": int8_bytes(size),
    }


def _plan_stages(
    preset: str, corpus: str, expected: dict[str, int | None], root: Path
) -> tuple[StagePlan, ...]:
    keys = {**dict.fromkeys(TEXT_STAGES, corpus), **dict.fromkeys(MODEL_STAGES, preset)}
    return tuple(_plan_stage(name, key, expected.get(name), root) for name, key in keys.items())


def _plan_stage(name: str, key: str, expected: int | None, root: Path) -> StagePlan:
    outs = [root / out for out in Stage.load(name, key, root).outs]
    built = all(out.exists() for out in outs)
    n_bytes = sum(map(tree_bytes, outs)) if built else expected
    return StagePlan(name=name, key=key, built=built, n_bytes=n_bytes)


def _millions(count: int) -> str:
    return f"{count / 1e6:.1f} M"

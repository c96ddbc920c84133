"""The process of one trial: trains either side, and writes its curve. ``quality.py`` starts it.

    python timed.py '<a trial as JSON>' curve.json

Seconds are those of training: all from the first step on, reading rows, compiling and the optimizer
included. Only scoring held-out rows is not.
"""

import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
from curve import Point, Record, Stopwatch
from gpt2 import CosineAdamW, build_gpt2, choose_shape, next_token_loss
from ours import build_task, run_trainer
from peers import autocast
from torch import nn
from trial import Trial
from turn import synchronize

from alm.data import Loader, Rows, TokenStream
from alm.eval import bits_per_byte
from alm.io import Manifest, write_json
from alm.model import Usage, describe
from alm.runtime import Numerics, pin_numerics
from alm.train import Examples, Loss, Validation, ValidationResult
from alm.train.feed import Feed, MicroBatch

PACKED = "corpus.packed"


class Text:
    """A corpus' rows: those of each step, and those that are held out.

    Args:
        trial: says which, and in which order.
    """

    def __init__(self, trial: Trial) -> None:
        packed = Path(trial.packed)
        facts = Manifest.read(packed, PACKED).facts
        self.n_vocab = facts["vocab_size"]
        held_out = facts["splits"]["val"]
        self._bytes_per_token = held_out["bytes"] / held_out["tokens"]
        self.loader = Loader(
            TokenStream(packed, "train"),
            trial.params().data,
            batch_size=trial.rows,
            steps=trial.steps,
            seed=trial.seed,
        )
        rows = Rows(TokenStream(packed, "val"), trial.seq_len)
        self.validation = Validation(rows, trial.held_out_rows, trial.micro_rows)

    def bits_per_byte(self, loss: float) -> float:
        """Turn nats per token of held-out text into bits per byte."""
        return bits_per_byte(loss, self._bytes_per_token)


class Look:
    """Stands where the trainer's validation does, and notes what it finds and when."""

    def __init__(self, trial: Trial, text: Text, record: Record) -> None:
        self._trial, self._text, self._record = trial, text, record

    def run(self, *given: Any) -> ValidationResult:  # noqa: ANN401
        """Score the held-out rows while the watch stands still."""
        with self._record.watch.stopped() as seconds:
            result = self._text.validation.run(*given)
        n_looks = len(self._record.points) + 1
        step = min(n_looks * self._trial.look_every, self._trial.steps)
        bpb = self._text.bits_per_byte(result.loss)
        self._record.points.append(Point(seconds, step * self._trial.tokens_per_step, bpb))
        print(f"step {step} of {self._trial.steps}, {seconds:.1f} s: {bpb:.4f}", file=sys.stderr)
        return result


class TimedLine:
    """Stands where the trainer's progress line does, and notes when each step ended."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self.compiled = False

    def say(self, message: str) -> None:
        """Pass a message on."""
        print(message, file=sys.stderr)

    def update(self, done: int, figures: str) -> None:
        """Note the time."""
        self._record.step_ends.append(self._record.watch.seconds)


def main(line: str, out: str) -> None:
    """Train, and write the curve and what it was made with."""
    trial = Trial.from_json(line)
    numerics = pin_numerics(trial.params().runtime)
    record = Record(Stopwatch(partial(synchronize, numerics.device)))
    n_parameters = SIDES[trial.side](trial, numerics, record)
    facts = {"numerics": numerics.as_dict(), "parameters": n_parameters, **record.to_dict()}
    write_json(Path(out), {"trial": asdict(trial), **facts})


def train_alm(trial: Trial, numerics: Numerics, record: Record) -> int:
    """Let alm's trainer run; return the parameters of its network."""
    params, text = trial.params(), Text(trial)
    task = build_task(
        params,
        numerics,
        n_vocab=text.n_vocab,
        batches=text.loader.batch,
        steps=trial.steps,
        validation=Look(trial, text, record),
    )
    record.watch.start()
    n_flops = trial.steps * task.tokens_per_step * task.flops_per_token(params.data.seq_len)
    run_trainer(task, params, numerics, TimedLine(record), n_flops)
    return count_parameters(task.model)


def train_gpt2(trial: Trial, numerics: Numerics, record: Record) -> int:
    """Train the peer, with as many parameters as alm's network has; return how many."""
    text, shape = Text(trial), trial.params().model
    ours = describe(shape, text.n_vocab, trial.seq_len).n_parameters
    torch.manual_seed(trial.seed)
    model = build_gpt2(choose_shape(ours, text.n_vocab, trial.seq_len), text.n_vocab, trial.seq_len)
    model = model.to(numerics.device)
    optimizer, look = CosineAdamW(model, trial.lr, trial.steps), Look(trial, text, record)
    feed = Feed(text.loader.batch, trial.steps, trial.n_parts, numerics.device)
    record.watch.start()
    for step in range(trial.steps):
        accumulate(model, feed.take(step), numerics)
        feed.send(step + 1)  # while the device is still at work on this one, as ours does
        optimizer.step()
        if trial.is_look(step + 1):
            look.run(model, score_gpt2, numerics)
        record.step_ends.append(record.watch.seconds)
    return count_parameters(model)


def accumulate(model: nn.Module, parts: list[MicroBatch], numerics: Numerics) -> None:
    """Add up the gradient of a step over its micro-batches."""
    for part in parts:
        with autocast(numerics):
            loss = score_gpt2(model, part.examples)
        (loss.value / len(parts)).backward()


def score_gpt2(model: nn.Module, examples: Examples) -> Loss:
    """Return the peer's loss as alm's validation wants it: it has no experts."""
    nothing_ME = torch.zeros(0, 0)
    value = next_token_loss(model, examples.tokens_BT)
    return Loss(value, Usage(nothing_ME, nothing_ME, torch.zeros(())))


def count_parameters(model: nn.Module) -> int:
    """Return how many there are, each counted once."""
    return sum(parameter.numel() for parameter in model.parameters())


SIDES: dict[str, Callable[[Trial, Numerics, Record], int]] = {
    "alm": train_alm,
    "gpt2": train_gpt2,
}

if __name__ == "__main__":
    main(*sys.argv[1:])

"""The only training loop in the house.

What differs between kinds of training is the rows and the loss, not the loop: both are handed in.
A step is a function of the state and the step's number, since the order of rows is one too and
nothing here draws random numbers. So a run that was killed and resumed ends in the same bytes.
"""

import math
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from alm.checkpoint import SavedState, StateStore
from alm.config import TrainConfig
from alm.data import Batch
from alm.errors import TrainingError
from alm.model import Transformer
from alm.optim import Optimizer, lr_factor
from alm.runtime import Numerics, StopRequest
from alm.runtime.board import Board
from alm.runtime.console import ProgressLine
from alm.train.losstable import LossRow, LossTable
from alm.train.objectives import Examples, Objective
from alm.train.progress import Progress
from alm.train.validation import Validation

SMOOTHING = 0.1  # weight of the newest loss in the one on the live line
LEAST_COPIES = 3  # of the weights that a state is as large as: they, the best, at least one moment
MAX_SKIPS = 10  # steps in a row that may come out non-finite before the run gives up


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is trained, on what, towards what, for how long."""

    model: Transformer
    optimizer: Optimizer
    objective: Objective
    batches: Callable[[int], Batch]
    """Step -> its rows: ``batch_size`` of them, or as many times more as they are shorter."""
    validation: Validation
    steps: int
    tokens_per_step: int
    bytes_per_token: float
    """Of the training text: turns nats per token into bits per byte."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Where a run saves, shows itself, and hears that it should stop."""

    store: StateStore
    line: ProgressLine
    board: Board
    stop: StopRequest


@dataclass
class Trainer:
    """Runs a task from its newest saved state, or from the start, to the end.

    After :meth:`fit`, ``progress``, ``table`` and ``best`` tell what came of it.
    """

    task: Task
    config: TrainConfig
    numerics: Numerics
    around: Surroundings
    progress: Progress = field(default_factory=Progress.start)
    table: LossTable = field(default_factory=lambda: LossTable([]))
    best: dict[str, Tensor] = field(default_factory=dict)
    """Weights with the lowest validation loss."""
    _first_step: int = 0
    _started: float = 0.0
    _smooth: float = 0.0

    def fit(self) -> None:
        """Train until the last step; return at once where a saved state is already there.

        Raises:
            Interrupted: a signal or the parent's death asked to stop; the state was saved.
            TrainingError: the loss stayed non-finite.
            CheckpointError: a state was saved before but none can be used, or no space is left.
        """
        self._resume()
        if self.progress.step < self.task.steps:
            self.around.store.require_space(LEAST_COPIES * self._weight_bytes())
        self._first_step, self._started = self.progress.step, time.monotonic()
        self.around.board.open(self._first_step)
        self.task.model.train()
        while self.progress.step < self.task.steps:
            grad_norm, loads_ME, lr = self._step()
            self._record(grad_norm, loads_ME, lr)
            self._save_if_due()
            self._show_progress()

    @property
    def tokens_per_second(self) -> float | None:
        """Speed since this process began to train; None where there was nothing to do."""
        steps = self.progress.step - self._first_step
        seconds = time.monotonic() - self._started
        return steps * self.task.tokens_per_step / seconds if steps else None

    # --- one step --------------------------------------------------------------------------

    def _step(self) -> tuple[float, Tensor, float]:
        """Train on the rows of one step; leave weights as they are where nothing can be learnt.

        So it is where the loss or its gradient is not finite, and where no target counts.
        """
        factor = lr_factor(self.progress.step, self.task.steps, self.config)
        loss, loads_ME = self._accumulate()
        grad_norm = torch.nn.utils.clip_grad_norm_(
            self.task.optimizer.parameters, self.config.grad_clip
        ).item()
        lr = factor * self.config.lr
        if loss is None:
            self.task.optimizer.zero_grad()
        elif math.isfinite(loss) and math.isfinite(grad_norm):
            self.task.optimizer.step(lr)
            # The bias follows the learning rate down, so that routing settles with the weights.
            self.task.model.update_selection_biases(loads_ME, factor * self.config.bias_rate)
            self.progress.loss_sum += loss
            self.progress.loss_count += 1
            self._smooth += (loss - self._smooth) * (SMOOTHING if self._smooth else 1.0)
            self.progress.skipped_in_a_row = 0
        else:
            self._skip(loss, grad_norm)
        self.progress.step += 1
        return grad_norm, loads_ME, lr

    def _accumulate(self) -> tuple[float | None, Tensor]:
        """Add up the gradient of one step over its micro-batches, each by its targets that count.

        So it is the gradient of the mean over all of the step's targets, however many a
        micro-batch has. The loss is None where no target counts.
        """
        batch = self.task.batches(self.progress.step)
        n_targets = batch.n_targets
        total, loads_ME = torch.zeros(()), None
        for part in batch.split(self.config.grad_accum_steps):
            with self.numerics.autocast():
                loss = self.task.objective(self.task.model, Examples.of(part, self.numerics.device))
            value = loss.value + self.config.balance_loss * loss.balance
            # Divided, not multiplied by the inverse: as many equal parts as there are, to the bit.
            parts = n_targets / part.n_targets if part.n_targets else math.inf
            (value / parts).backward()
            total = total + loss.value.detach().cpu() / parts
            loads_ME = loss.loads_ME if loads_ME is None else loads_ME + loss.loads_ME
        return total.item() if n_targets else None, loads_ME

    def _skip(self, loss: float, grad_norm: float) -> None:
        self.task.optimizer.zero_grad()
        self.progress.skipped += 1
        self.progress.skipped_in_a_row += 1
        step = self.progress.step + 1
        self.around.line.say(
            f"step {step}: loss {loss}, gradient norm {grad_norm}; weights left as they were"
        )
        if self.progress.skipped_in_a_row >= MAX_SKIPS:
            raise TrainingError(
                f"{MAX_SKIPS} steps in a row were not finite, up to step {step}; lower train.lr "
                "or raise train.warmup_fraction"
            )

    # --- what is told and kept ---------------------------------------------------------------

    def _record(self, grad_norm: float, loads_ME: Tensor, lr: float) -> None:
        """Validate and write a row of the loss table where this step is due for it."""
        step = self.progress.step
        validates = self._due(self.config.validate_every)
        if not (validates or self._due(self.config.log_every)):
            return
        val_loss = self._validate() if validates else None
        row = LossRow(
            step=step,
            tokens=step * self.task.tokens_per_step,
            loss=self.progress.take_mean_loss(),
            val_loss=val_loss,
            lr=lr,
            grad_norm=grad_norm if math.isfinite(grad_norm) else None,
            max_load=_busiest(loads_ME),
        )
        self.table.add(row)
        self._plot(row, loads_ME)

    def _validate(self) -> float | None:
        """Return the loss on held-out rows, None where it is not finite; keep the best weights."""
        result = self.task.validation.run(self.task.model, self.task.objective, self.numerics)
        self.progress.expert_load = result.expert_load
        if not math.isfinite(result.loss):
            step = self.progress.step
            self.around.line.say(f"step {step}: validation loss {result.loss}; not in the table")
            return None
        if self.progress.best_loss is None or result.loss < self.progress.best_loss:
            self.progress.best_loss, self.progress.best_step = result.loss, self.progress.step
            weights = self.task.model.state_dict()
            self.best = {name: tensor.detach().cpu().clone() for name, tensor in weights.items()}
        return result.loss

    def _show_progress(self) -> None:
        speed = self.tokens_per_second or 0.0
        last = self.table.rows[-1] if self.table.rows else None
        held_out = f"  val {last.val_loss:.4f}" if last and last.val_loss is not None else ""
        figures = f"loss {self._smooth:.4f}{held_out}  {speed:,.0f} tok/s"
        self.around.line.update(self.progress.step, figures)

    def _plot(self, row: LossRow, loads_ME: Tensor) -> None:
        """Add what the row says, and what a tracked file must not hold, to TensorBoard."""
        nats_to_bpb = 1 / (math.log(2) * self.task.bytes_per_token)
        scalars = {
            "loss/train": row.loss,
            "loss/val": row.val_loss,
            "bits_per_byte/train": None if row.loss is None else row.loss * nats_to_bpb,
            "bits_per_byte/val": None if row.val_loss is None else row.val_loss * nats_to_bpb,
            "optimizer/lr": row.lr,
            "optimizer/grad_norm": row.grad_norm,
            "experts/busiest_over_mean": row.max_load,
            "experts/entropy": _entropy(loads_ME),
            "machine/tokens_per_second": self.tokens_per_second,
            "machine/peak_rss": float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss),
        }
        known = {name: value for name, value in scalars.items() if value is not None}
        self.around.board.add(row.step, known)

    def _save_if_due(self) -> None:
        """Save where this step is due for it; leave where asked to, but only what was saved."""
        stopping = self.around.stop.signal is not None
        if not (stopping or self._due(self.config.save_every)):
            return  # a signal from here on is seen after the next step
        self.around.store.save(self._state())
        if self.progress.step < self.task.steps:
            self.around.stop.raise_if_requested(f"saved step {self.progress.step}")

    def _due(self, every: int) -> bool:
        return self.progress.step % every == 0 or self.progress.step == self.task.steps

    # --- the saved state -----------------------------------------------------------------------

    def _state(self) -> SavedState:
        tensors = {
            "model": self.task.model.state_dict(),
            "optimizer": self.task.optimizer.state_tensors(),
            "best": self.best,
        }
        values = {
            "progress": self.progress.to_state(),
            "steps": self.task.steps,
            "table": self.table.to_state(),
        }
        return SavedState(self.progress.step, tensors, values)

    def _weight_bytes(self) -> int:
        return sum(tensor.nbytes for tensor in self.task.model.state_dict().values())

    def _resume(self) -> None:
        state = self.around.store.load_latest()
        if state is None:
            return
        self.task.model.load_state_dict(state.tensors["model"])
        self.task.optimizer.load_state_tensors(state.tensors["optimizer"])
        self.best = state.tensors["best"]
        self.progress = Progress(**state.values["progress"])
        self.table = LossTable.from_state(state.values["table"])
        self.around.line.say(f"resuming at step {state.step} of {self.task.steps}")


def _busiest(loads_ME: Tensor) -> float | None:
    """Return the busiest expert's tokens over the mean, over all mixture layers."""
    if loads_ME.numel() == 0:
        return None
    loads = loads_ME.cpu().double()  # in this order: MPS has no float64
    return (loads.amax(dim=-1) / loads.mean(dim=-1)).max().item()


def _entropy(loads_ME: Tensor) -> float | None:
    """Return how evenly experts are used: entropy of their loads over that of even ones, 0 to 1."""
    if loads_ME.numel() == 0:
        return None
    loads_ME = loads_ME.cpu().double()
    shares_ME = loads_ME / loads_ME.sum(dim=-1, keepdim=True)
    entropy_M = -torch.xlogy(shares_ME, shares_ME).sum(dim=-1)
    return (entropy_M.mean() / math.log(loads_ME.shape[-1])).item()

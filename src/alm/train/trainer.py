"""The only training loop in the house.

What differs between kinds of training is the rows and the loss, not the loop: both are handed in.
A step is a function of the state and the step's number, since the order of rows is one too and
nothing here draws random numbers. So a run that was killed and resumed ends in the same bytes.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from alm.checkpoint import SavedState, StateStore
from alm.config import TrainConfig
from alm.data import Batch
from alm.errors import TrainingError
from alm.model import Transformer
from alm.optim import Optimizer, lr_factor
from alm.runtime import Numerics, StopRequest
from alm.runtime.board import Board
from alm.runtime.console import ProgressLine
from alm.runtime.heap import keep_freed_memory
from alm.train.accumulation import Sums, accumulate
from alm.train.collapse import CollapseAlarm
from alm.train.display import Display
from alm.train.feed import Feed
from alm.train.figures import Figures
from alm.train.guard import MAX_SKIPS, Verdict, judge
from alm.train.imprint import imprint
from alm.train.losstable import LossRow, LossTable
from alm.train.objectives import Objective
from alm.train.peaks import peak_flops
from alm.train.progress import Progress
from alm.train.scaler import LossScaler
from alm.train.speed import Speed
from alm.train.validation import Validation

LEAST_COPIES = 3  # of the weights that a state is as large as: they, the best, at least one moment


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
    bytes_per_token: Mapping[str, float]
    """Of the ``train`` and the ``val`` split: turns nats per token into bits per byte."""
    flops_per_token: Callable[[int], float]
    """Length of rows -> operations to train on one token, as ``alm.model.describe`` counts."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Where a run saves, shows itself, and hears that it should stop."""

    store: StateStore
    line: ProgressLine
    board: Board
    stop: StopRequest


@dataclass(frozen=True, kw_only=True)
class Step:
    """What became of one step."""

    figures: Figures
    lr: float
    trained: bool
    seq_len: int
    """Tokens of a row: fewer than later where there is a curriculum."""


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

    def __post_init__(self) -> None:
        """Set up what a step needs besides the task."""
        task, device = self.task, self.numerics.device
        moe = task.model.config.moe
        self._n_chosen = moe.n_experts_per_token if moe else 0
        task.model.recompute = self.config.recompute
        self._feed = Feed(task.batches, task.steps, self.config.grad_accum_steps, device)
        self._alarm = CollapseAlarm(self._n_chosen)
        is_float16 = self.numerics.precision == "float16"
        self._scaler = LossScaler.start() if is_float16 else None
        self._speed = Speed(task.tokens_per_step, peak_flops(self.numerics))
        self._display = Display(
            self.around.line, self.around.board, self._speed, device, task.bytes_per_token
        )

    def fit(self) -> None:
        """Train until the last step; return at once where a saved state is already there.

        Raises:
            Interrupted: a signal or the parent's death asked to stop; the state was saved.
            TrainingError: the loss stayed non-finite.
            CheckpointError: a state was saved before but none can be used, or no space is left.
        """
        keep_freed_memory()
        self._resume()
        if self.progress.step < self.task.steps:
            self.around.store.require_space(LEAST_COPIES * self._weight_bytes())
        last = self.table.rows[-1].val_loss if self.table.rows else None
        self._display.open(self.progress.step, last)
        self._speed.start()
        self.task.model.train()
        while self.progress.step < self.task.steps:
            step = self.step()
            for sentence in self._alarm.observe(step.figures.loads_ME):
                self._say(sentence)
            self._record(step)
            self._save_if_due()
            self._speed.count_step(self.task.flops_per_token(step.seq_len))
            loss = step.figures.loss if step.trained else None
            self._display.update(self.progress.step, loss, step.lr)

    @property
    def tokens_per_second(self) -> float | None:
        """Speed since this process began to train; None where there was nothing to do."""
        return self._speed.overall

    # --- one step --------------------------------------------------------------------------

    def step(self) -> Step:
        """Train on the rows of one step; leave weights as they are where nothing can be learnt."""
        factor = lr_factor(self.progress.step, self.task.steps, self.config)
        sums, grad_norm = self._accumulate()
        self.progress.step += 1
        self._feed.send(self.progress.step)  # while the device is still at work on this one
        figures = Figures.read(sums.loss, grad_norm, sums.loads_ME)
        trains = self._may_train(figures.loss if sums.has_targets else None, figures.grad_norm)
        if trains:
            self.task.optimizer.step(factor * self.config.lr)
            # The bias follows the learning rate down, so that routing settles with the weights.
            self.task.model.update_selection_biases(sums.loads_ME, factor * self.config.bias_rate)
            self.progress.add_loss(figures.loss)
        else:
            self.task.optimizer.zero_grad()
        return Step(
            figures=figures, lr=factor * self.config.lr, trained=trains, seq_len=sums.seq_len
        )

    def _accumulate(self) -> tuple[Sums, Tensor]:
        """Return what the step's forward passes come to, and the norm of the gradient they left.

        The gradient is clipped already. Nothing here waits for the device.
        """
        task, parameters = self.task, self.task.optimizer.parameters
        sums = accumulate(
            task.model,
            task.objective,
            self._feed.take(self.progress.step),
            self.config,
            self.numerics.autocast,
            self._scaler,
        )
        if self._scaler is not None:
            self._scaler.scale_down(parameters)
        return sums, clip_grad_norm_(parameters, self.config.grad_clip)

    def _may_train(self, loss: float | None, grad_norm: float) -> bool:
        """Judge a step, and say so where it is not as the others.

        Raises:
            TrainingError: too many in a row were not finite.
        """
        if self._scaler is not None and self._scaler.overflowed(loss, grad_norm):
            self.progress.overflows += 1
            verdict = Verdict.OVERFLOW
        else:
            self.progress.guard, verdict = judge(
                self.progress.guard, loss, grad_norm, self.config.spike_deviations
            )
        if verdict.is_news:
            self._say(f"loss {loss:.5g}, gradient norm {grad_norm:.5g}: it {verdict.value}")
        if self.progress.guard.skipped_in_a_row >= MAX_SKIPS:
            raise TrainingError(
                f"{MAX_SKIPS} steps in a row were not finite, up to step {self.progress.step}; "
                "lower train.lr or raise train.warmup_fraction"
            )
        return verdict.trains

    # --- what is told and kept ---------------------------------------------------------------

    def _say(self, message: str) -> None:
        self.around.line.say(f"step {self.progress.step}: {message}")

    def _record(self, step: Step) -> None:
        """Validate and write a row of the loss table where this step is due for it."""
        number, grad_norm = self.progress.step, step.figures.grad_norm
        validates = self._due(self.config.validate_every)
        if not (validates or self._due(self.config.log_every)):
            return
        val_loss = self._validate() if validates else None
        row = LossRow(
            step=number,
            tokens=number * self.task.tokens_per_step,
            loss=self.progress.take_mean_loss(),
            val_loss=val_loss,
            lr=step.lr,
            grad_norm=grad_norm if math.isfinite(grad_norm) else None,
            max_load=step.figures.busiest,
            weights=imprint(self.task.model) if validates else None,
        )
        self.table.add(row)
        self._display.plot(row, step.figures, self._guard_scalars())

    def _guard_scalars(self) -> dict[str, float]:
        """Return what the guards have seen so far, for TensorBoard."""
        guard, scalars = self.progress.guard, {}
        scalars["guard/not_finite"] = float(guard.skipped)
        scalars["guard/spikes"] = float(guard.spikes)
        if idle := self._alarm.to_state():
            scalars["guard/longest_imbalance"] = float(max(map(max, idle)))
        if self._scaler is not None:
            scalars["guard/overflows"] = float(self.progress.overflows)
            scalars["guard/loss_scale"] = self._scaler.scale
        return scalars

    def _validate(self) -> float | None:
        """Return the loss on held-out rows, None where it is not finite; keep the best weights."""
        result = self.task.validation.run(self.task.model, self.task.objective, self.numerics)
        self.progress.expert_load = result.expert_load
        if not math.isfinite(result.loss):
            self._say(f"validation loss {result.loss}; not in the table")
            return None
        if self.progress.best_loss is None or result.loss < self.progress.best_loss:
            self.progress.best_loss, self.progress.best_step = result.loss, self.progress.step
            weights = self.task.model.state_dict()
            self.best = {name: tensor.detach().cpu().clone() for name, tensor in weights.items()}
        return result.loss

    def _save_if_due(self) -> None:
        """Save where this step is due for it; leave where asked to, but only what was saved."""
        stopping = self.around.stop.signal is not None
        if not (stopping or self._due(self.config.save_every)):
            return  # a signal from here on is seen after the next step
        self._display.flush()
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
            "alarm": self._alarm.to_state(),
            "scaler": self._scaler and self._scaler.to_state(),
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
        self.progress = Progress.from_state(state.values["progress"])
        self.table = LossTable.from_state(state.values["table"])
        self._alarm = CollapseAlarm.from_state(self._n_chosen, state.values["alarm"])
        if self._scaler is not None and state.values["scaler"]:  # a run in bfloat16 has none
            self._scaler = LossScaler(**state.values["scaler"])
        self.around.line.say(f"resuming at step {state.step} of {self.task.steps}")

"""What a run shows of itself while it goes: the live line, and curves in TensorBoard."""

import math
from collections.abc import Mapping

from alm.runtime.board import Board
from alm.runtime.console import ProgressLine
from alm.runtime.memory import peak_bytes
from alm.train.figures import Figures
from alm.train.losstable import LossRow
from alm.train.speed import Speed

SMOOTHING = 0.1  # weight of the newest loss in the one on the live line
GB = 1e9


class Display:
    """Tells of every step on the line, and of every row of the loss table in TensorBoard.

    It only looks: a run without it ends in the same bytes, and nothing of it is saved.

    Args:
        line: the live line.
        board: curves, by step.
        speed: counted by whoever trains.
        device: whose memory is shown.
        bytes_per_token: of the text that is trained on, ``train``, and held out, ``val``.
    """

    def __init__(
        self,
        line: ProgressLine,
        board: Board,
        speed: Speed,
        device: str,
        bytes_per_token: Mapping[str, float],
    ) -> None:
        self._line = line
        self._board = board
        self._speed = speed
        self._device = device
        self._bytes_per_token = bytes_per_token
        self._smooth: float | None = None
        self._val_loss: float | None = None

    def open(self, first_step: int, val_loss: float | None) -> None:
        """Begin after ``first_step`` steps, with the held-out loss of the last row so far."""
        self._board.open(first_step)
        self._val_loss = val_loss

    def update(self, step: int, loss: float | None, lr: float) -> None:
        """Show that ``step`` steps are behind us; ``loss`` is None where the last trained not."""
        if loss is not None:
            old = loss if self._smooth is None else self._smooth
            self._smooth = old + SMOOTHING * (loss - old)
        figures = {
            "loss {:.4f}": self._smooth,
            "val {:.4f}": self._val_loss,
            "{:,.0f} tok/s": self._speed.recent,
            "lr {:.2g}": lr,
            "{:.2f} GB": peak_bytes(self._device) / GB,
            "MFU {:.1%}": self._speed.mfu,
        }
        self._line.update(step, [k.format(v) for k, v in figures.items() if v is not None])

    def plot(self, row: LossRow, figures: Figures, extra: dict[str, float]) -> None:
        """Add what a row says, and what a tracked file must not hold, to TensorBoard."""
        if row.val_loss is not None:
            self._val_loss = row.val_loss
        scalars = {
            "loss/train": row.loss,
            "loss/val": row.val_loss,
            "bits_per_byte/train": self._bits_per_byte("train", row.loss),
            "bits_per_byte/val": self._bits_per_byte("val", row.val_loss),
            "optimizer/lr": row.lr,
            "optimizer/grad_norm": row.grad_norm,
            "experts/busiest_over_mean": row.max_load,
            "experts/entropy": figures.entropy,
            "machine/tokens_per_second": self._speed.recent,
            "machine/mfu": self._speed.mfu,
            "machine/peak_bytes": float(peak_bytes(self._device)),
            **extra,
        }
        known = {name: value for name, value in scalars.items() if value is not None}
        self._board.add(row.step, known)

    def flush(self) -> None:
        """Bring every point to the disk, before a state is saved that says they were made."""
        self._board.flush()

    def _bits_per_byte(self, split: str, nats: float | None) -> float | None:
        return None if nats is None else nats / (math.log(2) * self._bytes_per_token[split])

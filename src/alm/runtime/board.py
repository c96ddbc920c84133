"""TensorBoard scalars, in the state directory: they carry clocks, so they are never tracked."""

from pathlib import Path

from torch.utils.tensorboard import SummaryWriter


class Board:
    """Scalars of one run, by step."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._writer: SummaryWriter | None = None

    def open(self, first_step: int) -> None:
        """Start writing; points that an interrupted run left after ``first_step`` are hidden."""
        self._writer = SummaryWriter(self._directory, purge_step=first_step + 1)

    def add(self, step: int, scalars: dict[str, float]) -> None:
        """Add one point to each named curve."""
        if self._writer is None:
            raise RuntimeError("the board must be opened before points are added")
        for name, value in sorted(scalars.items()):
            self._writer.add_scalar(name, value, step)

    def flush(self) -> None:
        """Write out what is still in memory, so that a kill from here on loses no point."""
        if self._writer:
            self._writer.flush()

    def close(self) -> None:
        """Write out what is still in memory, and stop."""
        if self._writer:
            self._writer.close()

"""What a stage took on this machine, in time and memory: noted as it ends, for `make plan`.

Both change from run to run. So they lie in the state directory, from which no result is made, and
nothing goes wrong where they cannot be written or read. Only stages that DVC runs are noted: a
script that somebody calls may do less than its stage.
"""

import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from alm.config import Machine, resident_peak_bytes
from alm.errors import AlmError
from alm.io import read_json, write_json

STARTED = time.monotonic()  # noted now: a stage's own modules take seconds to load
STAGE = "DVC_STAGE"  # in which DVC tells a command its stage, such as pack@stdlib
FOLDER = "footprints"  # of the state directory


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """Time and memory of one run of a stage."""

    seconds: float
    peak_bytes: int
    """Most resident memory of the process, without those that worked for it."""

    @classmethod
    def read(cls, stage: str, states: Path) -> Self | None:
        """Return what the last run of a stage took; None where nobody noted it."""
        try:
            noted = read_json(states / FOLDER / f"{stage}.json")
            return cls(seconds=float(noted["seconds"]), peak_bytes=int(noted["peak_bytes"]))
        except (AlmError, OSError, KeyError, TypeError, ValueError, OverflowError):
            return None

    def note(self, stage: str, states: Path) -> None:
        """Keep it beside those of the other stages."""
        write_json(states / FOLDER / f"{stage}.json", asdict(self))


def noting(
    main: Callable[..., None], clock: Callable[[], float] = time.monotonic
) -> Callable[..., None]:
    """Return a stage's ``main`` that, once it is done, notes what the process took."""

    def run_and_note(**arguments: object) -> None:
        main(**arguments)
        if stage := os.environ.get(STAGE):
            _try_to_note(stage, round(clock() - STARTED, 1))

    return run_and_note


def _try_to_note(stage: str, seconds: float) -> None:
    """Leave a stage that is done alone, whatever is wrong with the state directory."""
    try:
        footprint = Footprint(seconds=seconds, peak_bytes=resident_peak_bytes())
        footprint.note(stage, Machine.load().state_dir)
    except (AlmError, OSError):
        return

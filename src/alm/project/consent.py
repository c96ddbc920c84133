"""Ask before a build that would keep this machine busy for over an hour."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from alm.config import Machine
from alm.config.params import SCRATCH
from alm.errors import AlmError
from alm.project.plan import Plan, spell_seconds

LIMIT_SECONDS = 3600.0


def ask_consent(
    preset: str, is_built: Callable[[str], bool] | None = None, root: Path = Path()
) -> None:
    """Return where a build is short, is done already, or was agreed to with ``YES=1``.

    Args:
        preset: what is to be built; the preset that it starts from counts too.
        is_built: whether a preset's training is up to date; None asks DVC, which takes a second,
            so it is asked only about what is expensive.
        root: the repository.

    Raises:
        AlmError: a training would take over an hour, and nobody agreed to it.
        ConfigError: the preset cannot be used as written.
    """
    machine, is_built = Machine.load(), is_built or _is_up_to_date
    for plan in _plans(preset, machine, root):
        if plan.seconds > LIMIT_SECONDS and not machine.yes and not is_built(plan.preset):
            raise AlmError(
                f"training {plan.preset} takes about {spell_seconds(plan.seconds)} on this machine "
                f"({plan.rate.basis}); `make plan PRESET={plan.preset}` says more. Add YES=1 to "
                "build it"
            )


def _plans(preset: str, machine: Machine, root: Path) -> list[Plan]:
    """Return the plans of a preset and of those it starts from, one after the other."""
    plans: list[Plan] = []
    while preset != SCRATCH and preset not in [plan.preset for plan in plans]:
        plans.append(Plan.of(preset, machine, root))
        preset = plans[-1].params.train.init
    return plans


def _is_up_to_date(preset: str) -> bool:
    dvc = Path(sys.executable).with_name("dvc")
    command = [dvc, "status", "--quiet", "--with-deps", f"pretrain@{preset}"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0

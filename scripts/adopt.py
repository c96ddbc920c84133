"""Verb adopt: go on from a former run's state although something has changed; marked."""

import argparse
from pathlib import Path

from alm.config import Params
from alm.entry import run
from alm.runtime import pin_numerics


def parse_args() -> argparse.Namespace:
    """Take a preset and the directory of a former run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", required=True)
    parser.add_argument(
        "--state", type=Path, required=True, help="such as .state/pico/0123456789ab"
    )
    return parser.parse_args()


def main(preset: str, state: Path) -> None:
    """Copy the newest state into the run of today; torch must not be imported before the pins."""
    params = Params.load(preset)
    numerics = pin_numerics(params.runtime)
    from alm.train import Paths, Pretraining

    prepared = Pretraining.prepare(preset, params, numerics, Paths.declared(preset))
    adoption = prepared.adopt(state)
    print(
        f"{preset} goes on from step {adoption.step} of {adoption.run}, as a hybrid; since then "
        f"changed: {', '.join(adoption.changed)}"
    )


if __name__ == "__main__":
    run(main, parse_args())

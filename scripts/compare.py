"""Verb compare: the first stage, training step and tensor in which two builds differ."""

import argparse
from pathlib import Path

from alm.entry import run
from alm.project.compare import compare_builds


def parse_args() -> argparse.Namespace:
    """Take two working copies and a preset."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", required=True)
    parser.add_argument("--a", type=Path, required=True, help="root of a working copy")
    parser.add_argument("--b", type=Path, required=True, help="root of another")
    return parser.parse_args()


def main(preset: str, a: Path, b: Path) -> None:
    """Print what differs first."""
    print(compare_builds(a, b, preset))


if __name__ == "__main__":
    run(main, parse_args())

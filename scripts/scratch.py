"""Stage scratch: the empty model that a preset starts from when it names no other."""

import argparse
from pathlib import Path

from alm.attended import run
from alm.io import Manifest, new_directory


def parse_args() -> argparse.Namespace:
    """Take the path from dvc.yaml."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="out: directory without weights")
    return parser.parse_args()


def main(out: Path) -> None:
    """Write a directory that says it holds nothing, so that `train.init` always names one."""
    with new_directory(out) as directory:
        Manifest.write(directory, "model.scratch", params={}, inputs={}, facts={})


if __name__ == "__main__":
    run(main, parse_args())

"""Verb whence: what made a file, and the command that makes it again."""

import argparse
from pathlib import Path

from alm.entry import run
from alm.project.whence import trace_file


def parse_args() -> argparse.Namespace:
    """Take a path."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, required=True)
    return parser.parse_args()


def main(file: Path) -> None:
    """Print where it comes from."""
    print(trace_file(file))


if __name__ == "__main__":
    run(main, parse_args())

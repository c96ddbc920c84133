"""Verb blame: which documents a passage came from, under which licence, and when they were read."""

import argparse

from alm.entry import run
from alm.project.blame import blame


def parse_args() -> argparse.Namespace:
    """Take a preset's name and a passage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", required=True)
    parser.add_argument("--text", required=True, help="what to look for")
    return parser.parse_args()


def main(preset: str, text: str) -> None:
    """Print what was found."""
    print(blame(preset, text))


if __name__ == "__main__":
    run(main, parse_args())

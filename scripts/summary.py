"""Verb repro, at its end: the numbers that matter, and what to try next."""

import argparse

from alm.entry import run
from alm.project.summary import summarize


def parse_args() -> argparse.Namespace:
    """Take a preset's name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", required=True)
    return parser.parse_args()


def main(preset: str) -> None:
    """Print the summary."""
    print(summarize(preset))


if __name__ == "__main__":
    run(main, parse_args())

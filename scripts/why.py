"""Verb why: what makes a stage out of date, in words."""

import argparse

from alm.entry import run
from alm.project.why import explain


def parse_args() -> argparse.Namespace:
    """Take a stage as DVC names it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stage", required=True, help="such as pretrain@tiny")
    return parser.parse_args()


def main(stage: str) -> None:
    """Print the reasons."""
    print(explain(stage))


if __name__ == "__main__":
    run(main, parse_args())

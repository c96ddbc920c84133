"""Verb why: what makes a stage out of date, in words."""

import argparse

from alm.entry import run
from alm.project.why import explain, name_stage


def parse_args() -> argparse.Namespace:
    """Take a stage, and the preset or corpus whose stage it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", required=True)
    parser.add_argument("--corpus", help="for a stage of text; else that of the preset")
    parser.add_argument("--stage", required=True, help="such as pretrain, or pretrain@tiny")
    return parser.parse_args()


def main(preset: str, corpus: str | None, stage: str) -> None:
    """Print the reasons."""
    print(explain(name_stage(stage, preset, corpus or None)))


if __name__ == "__main__":
    run(main, parse_args())

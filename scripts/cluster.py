"""Verb cluster: do one text stage in shares, run by datatrove, then merge them."""

import argparse

from alm.entry import run
from alm.project.cluster import StageCommand, run_in_tasks


def parse_args() -> argparse.Namespace:
    """Take the stage, the corpus, and how to share the work."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stage", required=True, help="such as pack")
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--tasks", type=int, required=True, help="shares of the work")
    parser.add_argument("--workers", type=int, required=True, help="shares at a time")
    return parser.parse_args()


def main(stage: str, corpus: str, tasks: int, workers: int) -> None:
    """Run the shares and the merge; say what DVC still has to be told."""
    print(run_in_tasks(StageCommand.of(stage, corpus), tasks, workers))


if __name__ == "__main__":
    run(main, parse_args())

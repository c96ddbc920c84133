"""Verb prune: free former training states, and what DVC's cache holds beyond dvc.lock."""

import argparse

from alm.checkpoint import prune_runs
from alm.config import Machine
from alm.entry import run
from alm.project.prune import prune_cache


def parse_args() -> argparse.Namespace:
    """Take nothing: what dvc.lock names, and what a preset trained last, stays."""
    return argparse.ArgumentParser(description=__doc__).parse_args()


def main() -> None:
    """Prune, and say how much was freed."""
    print(prune_runs(Machine.load().state_dir))
    print(prune_cache())


if __name__ == "__main__":
    run(main, parse_args())

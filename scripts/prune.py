"""Verb prune: free what DVC's cache holds beyond the current dvc.lock."""

import argparse

from alm.entry import run
from alm.project.prune import prune_cache


def parse_args() -> argparse.Namespace:
    """Take nothing: what dvc.lock names stays."""
    return argparse.ArgumentParser(description=__doc__).parse_args()


def main() -> None:
    """Prune, and say how much was freed."""
    print(prune_cache())


if __name__ == "__main__":
    run(main, parse_args())

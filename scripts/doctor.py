"""Verb doctor: look at what a build stands on; say what is wrong, and repair stale locks."""

import argparse

from alm.entry import run
from alm.project.doctor import examine, raise_if_ill


def parse_args() -> argparse.Namespace:
    """Take nothing: everything is looked at."""
    return argparse.ArgumentParser(description=__doc__).parse_args()


def main() -> None:
    """Print one line a check, then end with an error where one found a problem."""
    findings = list(examine())
    print(*findings, sep="\n")
    raise_if_ill(findings)


if __name__ == "__main__":
    run(main, parse_args())

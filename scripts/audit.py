"""Verb audit: are all packages pinned, under known licences, and is nothing known against them."""

import argparse

from alm.entry import run
from alm.project.audit import audit
from alm.project.doctor import raise_if_ill


def parse_args() -> argparse.Namespace:
    """Take nothing: everything that alm stands on is looked at."""
    return argparse.ArgumentParser(description=__doc__).parse_args()


def main() -> None:
    """Print one line a check, then end with an error where one found a problem."""
    findings = list(audit())
    print(*findings, sep="\n")
    raise_if_ill(findings)


if __name__ == "__main__":
    run(main, parse_args())

"""Step before DVC: note which Python runs, and say so where it is another one than before."""

import argparse

from alm.entry import run
from alm.project.host import refresh_stamp


def parse_args() -> argparse.Namespace:
    """Take nothing: the stamp has one place."""
    return argparse.ArgumentParser(description=__doc__).parse_args()


def main() -> None:
    """Rewrite the stamp where it differs."""
    if message := refresh_stamp():
        print(message)


if __name__ == "__main__":
    run(main, parse_args())

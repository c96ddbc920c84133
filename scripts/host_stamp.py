"""Step before DVC: note which Python runs, and release what a killed DVC still holds."""

import argparse

from alm.entry import run
from alm.project.host import refresh_stamp
from alm.project.locks import release_stale


def parse_args() -> argparse.Namespace:
    """Take nothing: the stamp has one place."""
    return argparse.ArgumentParser(description=__doc__).parse_args()


def main() -> None:
    """Rewrite the stamp where it differs, repair the lock where it is stale; say either."""
    if message := refresh_stamp():
        print(message)
    if message := release_stale():
        print(message)


if __name__ == "__main__":
    run(main, parse_args())

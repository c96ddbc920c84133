"""Verb device: what torch sees of this machine."""

import argparse

from alm.entry import run
from alm.project.device import describe_devices


def parse_args() -> argparse.Namespace:
    """Take nothing: every device is shown."""
    return argparse.ArgumentParser(description=__doc__).parse_args()


def main() -> None:
    """Print one line a device."""
    print(describe_devices())


if __name__ == "__main__":
    run(main, parse_args())

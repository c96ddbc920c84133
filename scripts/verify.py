"""Verb verify: build a preset again from a clean clone, all else varied, and compare the bytes."""

import argparse

from alm.entry import run
from alm.project.consent import ask_consent
from alm.project.verify import verify_build


def parse_args() -> argparse.Namespace:
    """Take a preset, and whether the clone gets an environment of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", required=True)
    parser.add_argument("--fresh", action="store_true", help="install all packages anew")
    parser.add_argument("--cpu", help="emulate it, such as Nehalem or EPYC")
    return parser.parse_args()


def main(preset: str, fresh: bool, cpu: str | None) -> None:
    """Build it although it is built, and print that nothing differs."""
    ask_consent(preset, is_built=lambda _: False)
    print(verify_build(preset, lambda said: print(said, flush=True), fresh=fresh, cpu=cpu))


if __name__ == "__main__":
    run(main, parse_args())

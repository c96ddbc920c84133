"""Step of CI: say whether a preset's committed results must come out here; check its text."""

import argparse

from alm.entry import run
from alm.project.contract import check_text, why_not_here


def parse_args() -> argparse.Namespace:
    """Take a preset's name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", required=True)
    return parser.parse_args()


def main(preset: str) -> None:
    """Print the reason where models may differ here; fail where text does, on any machine."""
    if reason := why_not_here(preset):
        print(reason)
    check_text(preset)


if __name__ == "__main__":
    run(main, parse_args())

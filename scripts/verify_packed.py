"""Verb verify-data: read a packed corpus from end to end and say whether it is what it was."""

import argparse

from alm.config import Stage
from alm.data import verify_packed
from alm.entry import run


def parse_args() -> argparse.Namespace:
    """Take a corpus' name; its path stands in dvc.yaml."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True)
    return parser.parse_args()


def main(corpus: str) -> None:
    """Verify, and say what is there; anything else than what was packed is an error."""
    packed = Stage.load("pack", corpus).outs[0]
    splits = verify_packed(packed).facts["splits"]
    print(f"{packed}: whole; " + ", ".join(f"{s} {splits[s]['tokens']:,} tokens" for s in splits))


if __name__ == "__main__":
    run(main, parse_args())

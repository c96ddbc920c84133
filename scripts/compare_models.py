"""Verb compare-models: two presets' models on the same held-out documents, in pairs."""

import argparse

from alm.config import Params
from alm.entry import run
from alm.runtime import pin_numerics


def parse_args() -> argparse.Namespace:
    """Take two presets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--a", required=True, help="a preset")
    parser.add_argument("--b", required=True, help="another")
    return parser.parse_args()


def main(a: str, b: str) -> None:
    """Score both under the settings of the first, and print the difference."""
    params = Params.load(a)
    numerics = pin_numerics(params.runtime)
    from alm.eval import compare_models

    print(compare_models(a, b, params.evaluate, numerics.device))


if __name__ == "__main__":
    run(main, parse_args())

"""Verb params: show every value of a preset and where it is set; also checks names before DVC."""

import argparse

from alm.entry import run
from alm.project.check import check_corpus, check_preset, require_input
from alm.project.provenance import render, trace_preset


def parse_args() -> argparse.Namespace:
    """Take names; an empty corpus is the preset's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", required=True)
    parser.add_argument("--corpus", default="")
    parser.add_argument("--show", choices=("tree", "corpus", "nothing"), default="tree")
    return parser.parse_args()


def main(preset: str, corpus: str, show: str) -> None:
    """Check the preset, or just the corpus where one is named; show what was asked for."""
    name = check_corpus(corpus) if corpus else check_preset(preset)
    if show == "corpus":
        require_input(name)
        print(name)
    elif show == "tree":
        print(render(trace_preset(preset)))


if __name__ == "__main__":
    run(main, parse_args())

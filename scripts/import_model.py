"""Verb import: a Hugging Face directory, as alm exports it -> a model and its tokenizer."""

import argparse
from pathlib import Path

from alm.entry import run


def parse_args() -> argparse.Namespace:
    """Take three directories; nothing of a preset is needed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, help="in: Hugging Face directory")
    parser.add_argument("--out", type=Path, required=True, help="out: directory of the model")
    parser.add_argument("--tokenizer", type=Path, required=True, help="out: its tokenizer")
    return parser.parse_args()


def main(directory: Path, out: Path, tokenizer: Path) -> None:
    """Import, and say where it is."""
    from alm.export import import_model

    import_model(directory, out, tokenizer)
    print(f"{out}: a model as training leaves it; its tokenizer is in {tokenizer}")


if __name__ == "__main__":
    run(main, parse_args())

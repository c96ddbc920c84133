"""Stage report: what all stages of a preset found -> one HTML page and one Markdown card."""

import argparse
from pathlib import Path

from alm.attended import run
from alm.report import Paths, write_report


def parse_args() -> argparse.Namespace:
    """Paths come from dvc.yaml; there is nothing to choose."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", required=True)
    parser.add_argument("--pretrain", type=Path, required=True, help="in: metrics of training")
    parser.add_argument("--loss", type=Path, required=True, help="in: loss table")
    parser.add_argument("--evaluate", type=Path, required=True, help="in: bits per byte")
    parser.add_argument("--quantize", type=Path, required=True, help="in: receipt for int8")
    parser.add_argument("--samples", type=Path, required=True, help="in: what the model says")
    parser.add_argument("--model", type=Path, required=True, help="in: directory of the model")
    parser.add_argument("--int8", type=Path, required=True, help="in: the same in int8")
    parser.add_argument("--ingested", type=Path, required=True, help="in: directory of text")
    parser.add_argument("--normalized", type=Path, required=True, help="in: directory of text")
    parser.add_argument("--deduplicated", type=Path, required=True, help="in: directory of text")
    parser.add_argument("--documents", type=Path, required=True, help="in: directory of text")
    parser.add_argument("--tokenizer", type=Path, required=True, help="in: its directory")
    parser.add_argument("--packed", type=Path, required=True, help="in: directory of shards")
    parser.add_argument("--page", type=Path, required=True, help="out: HTML page")
    parser.add_argument("--card", type=Path, required=True, help="out: Markdown card")
    return parser.parse_args()


def main(preset: str, page: Path, card: Path, **paths: Path) -> None:
    """Hand what was found to the library."""
    write_report(preset, Paths(**paths), page, card)


if __name__ == "__main__":
    run(main, parse_args())

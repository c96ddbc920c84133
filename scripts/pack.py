"""Stage pack: write a corpus as token shards."""

import argparse
from pathlib import Path

from alm.attended import run
from alm.config import CorpusParams
from alm.corpus import read_unit
from alm.io import Manifest
from alm.packing import Packing
from alm.tokenizer import UnitEncoder
from alm.work import add_task_options, perform


def parse_args() -> argparse.Namespace:
    """Paths come from dvc.yaml; every number comes from the corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--documents", type=Path, required=True, help="in: what filter wrote")
    parser.add_argument("--tokenizer", type=Path, required=True, help="in: model and manifest")
    parser.add_argument("--out", type=Path, required=True, help="out: shards and manifest")
    add_task_options(parser)
    return parser.parse_args()


def main(corpus: str, documents: Path, tokenizer: Path, out: Path, **share: int | None) -> None:
    """Encode each document with the tokenizer, write it, say how many tokens there are."""
    config = CorpusParams.load(corpus).pack
    inputs = {"tokenizer": Manifest.read(tokenizer, "tokenizer").sha256}
    step = Packing.of(documents, config, UnitEncoder.of(tokenizer, read_unit), inputs)
    if manifest := perform(step, out, **share):
        splits = manifest.facts["splits"]
        print(f"{out}: " + ", ".join(f"{s} {splits[s]['tokens']:,} tokens" for s in splits))


if __name__ == "__main__":
    run(main, parse_args())

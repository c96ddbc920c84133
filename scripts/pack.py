"""Stage pack: write a corpus as token shards."""

import argparse
from pathlib import Path

from alm.attended import run
from alm.config import CorpusParams
from alm.corpus import read_documents
from alm.data import pack
from alm.io import Manifest
from alm.tokenizer import Tokenizer, encode_documents


def parse_args() -> argparse.Namespace:
    """Paths come from dvc.yaml; every number comes from the corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--documents", type=Path, required=True, help="in: what dedup wrote")
    parser.add_argument("--tokenizer", type=Path, required=True, help="in: model and manifest")
    parser.add_argument("--out", type=Path, required=True, help="out: shards and manifest")
    return parser.parse_args()


def main(corpus: str, documents: Path, tokenizer: Path, out: Path) -> None:
    """Encode each document with the tokenizer, write it, say how many tokens there are."""
    vocabulary = Tokenizer.load(tokenizer)
    splits = pack(
        documents,
        out,
        CorpusParams.load(corpus).pack,
        vocabulary,
        lambda path: encode_documents(read_documents(path), vocabulary),
        {"tokenizer": Manifest.read(tokenizer, "tokenizer").sha256},
    ).facts["splits"]
    print(f"{out}: " + ", ".join(f"{s} {splits[s]['tokens']:,} tokens" for s in splits))


if __name__ == "__main__":
    run(main, parse_args())

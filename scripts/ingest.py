"""Stage ingest: read the sources of a corpus into one file of documents."""

import argparse
from pathlib import Path

from alm.attended import run
from alm.config import CorpusParams
from alm.corpus import Origin, ingest_corpus, summarize


def parse_args() -> argparse.Namespace:
    """Paths come from dvc.yaml; every number comes from the corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--input", type=Path, required=True, help="in: the corpus' own text")
    parser.add_argument("--out", type=Path, required=True, help="out: directory of documents")
    return parser.parse_args()


def main(corpus: str, input: Path, out: Path) -> None:
    """Hand the recipe and where its text lies to the library."""
    params = CorpusParams.load(corpus)
    manifest = ingest_corpus(params.recipe, Origin(input, params.seed, params.ingest), out)
    print(f"{out}: {summarize(manifest.facts)}")


if __name__ == "__main__":
    run(main, parse_args())

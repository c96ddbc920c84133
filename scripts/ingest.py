"""Stage ingest: read the sources of a corpus into one file of documents."""

import argparse
from pathlib import Path

from alm.attended import run
from alm.config import CorpusParams
from alm.corpus import Ingestion, Origin, summarize
from alm.work import add_task_options, perform


def parse_args() -> argparse.Namespace:
    """Paths come from dvc.yaml; every number comes from the corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--input", type=Path, required=True, help="in: the corpus' own text")
    parser.add_argument("--out", type=Path, required=True, help="out: directory of documents")
    add_task_options(parser)
    return parser.parse_args()


def main(corpus: str, input: Path, out: Path, **share: int | None) -> None:
    """Hand the recipe and where its text lies to the library."""
    params = CorpusParams.load(corpus)
    step = Ingestion.of(params.recipe, Origin(input, params.seed, params.ingest))
    if manifest := perform(step, out, **share):
        print(f"{out}: {summarize(manifest.facts)}")


if __name__ == "__main__":
    run(main, parse_args())

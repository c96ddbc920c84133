"""Stage normalize: give every document one form for line ends, spaces and control characters."""

import argparse
from pathlib import Path

from alm.attended import run
from alm.config import CorpusParams
from alm.corpus import Normalization, summarize
from alm.work import add_task_options, perform


def parse_args() -> argparse.Namespace:
    """Paths come from dvc.yaml; every number comes from the corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--ingested", type=Path, required=True, help="in: what ingest wrote")
    parser.add_argument("--out", type=Path, required=True, help="out: directory of documents")
    add_task_options(parser)
    return parser.parse_args()


def main(corpus: str, ingested: Path, out: Path, **share: int | None) -> None:
    """Hand what ingest wrote to the library."""
    params = CorpusParams.load(corpus)
    kept = params.recipe.keep_trailing_spaces
    step = Normalization.of(ingested, params.normalize, kept)
    if manifest := perform(step, out, **share):
        print(f"{out}: {summarize(manifest.facts)}")


if __name__ == "__main__":
    run(main, parse_args())

"""Stage filter: drop documents that break the rules which the recipe names for their source."""

import argparse
from pathlib import Path

from alm.attended import run
from alm.config import CorpusParams
from alm.corpus import Filtering, summarize
from alm.work import add_task_options, perform


def parse_args() -> argparse.Namespace:
    """Paths come from dvc.yaml; every number comes from the corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--documents", type=Path, required=True, help="in: what dedup wrote")
    parser.add_argument("--evaluation", type=Path, required=True, help="in: evaluation files")
    parser.add_argument("--out", type=Path, required=True, help="out: directory of both splits")
    add_task_options(parser)
    return parser.parse_args()


def main(corpus: str, documents: Path, evaluation: Path, out: Path, **share: int | None) -> None:
    """Hand what dedup wrote to the library."""
    params = CorpusParams.load(corpus)
    step = Filtering.of(documents, params.filter, params.recipe, evaluation)
    if manifest := perform(step, out, **share):
        train, val = (manifest.facts["splits"][split]["docs"] for split in ("train", "val"))
        print(f"{out}: {summarize(manifest.facts)}; train {train:,}, val {val:,}")


if __name__ == "__main__":
    run(main, parse_args())

"""Stage dedup: drop duplicates, and hold some of the rest out for validation."""

import argparse
from pathlib import Path

from alm.attended import run
from alm.config import CorpusParams
from alm.corpus import Deduplication, summarize
from alm.work import add_task_options, perform


def parse_args() -> argparse.Namespace:
    """Paths come from dvc.yaml; every number comes from the corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--normalized", type=Path, required=True, help="in: what normalize wrote")
    parser.add_argument("--out", type=Path, required=True, help="out: directory of both splits")
    add_task_options(parser)
    return parser.parse_args()


def main(corpus: str, normalized: Path, out: Path, **share: int | None) -> None:
    """Hand what normalize wrote to the library."""
    params = CorpusParams.load(corpus)
    step = Deduplication.of(normalized, params.dedup, params.seed)
    if manifest := perform(step, out, **share):
        train, val = (manifest.facts["splits"][split]["docs"] for split in ("train", "val"))
        print(f"{out}: {summarize(manifest.facts)}; train {train:,}, val {val:,}")


if __name__ == "__main__":
    run(main, parse_args())

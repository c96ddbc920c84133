"""Stage tokenizer: learn a vocabulary from the train split of a corpus."""

import argparse
from pathlib import Path

from alm.attended import run
from alm.config import CorpusParams
from alm.corpus import read_unit
from alm.tokenizer import TokenizerTraining
from alm.work import add_task_options, perform


def parse_args() -> argparse.Namespace:
    """Paths come from dvc.yaml; every number comes from the corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--documents", type=Path, required=True, help="in: what filter wrote")
    parser.add_argument("--out", type=Path, required=True, help="out: model and manifest")
    add_task_options(parser)
    return parser.parse_args()


def main(corpus: str, documents: Path, out: Path, **share: int | None) -> None:
    """Train on train.jsonl, measure on val.jsonl, say how well text is compressed."""
    config = CorpusParams.load(corpus).tokenizer
    if manifest := perform(TokenizerTraining.of(documents, config, read_unit), out, **share):
        facts = manifest.facts
        ratios = ", ".join(f"{k} {v:.2f}" for k, v in facts["val"]["bytes_per_token"].items())
        print(
            f"{out}: {facts['vocab_size']:,} pieces; bytes per token: "
            f"{ratios or 'no text held out'}"
        )


if __name__ == "__main__":
    run(main, parse_args())

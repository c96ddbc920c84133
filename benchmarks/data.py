"""Speed of the text work beside its peers, in one run on one machine: the ratios are what counts.

    make bench-data

Same documents (this Python's own text), one thread each, the best of several turns. Results are
compared in the same run. Refuses a machine that is busy with something else.
"""

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

os.environ |= {"RAYON_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}  # before the peers load
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

from documents import count_megabytes, read_library
from encoding import race_encoding
from filters import race_filters
from loguru import logger
from machine import describe, refuse_busy
from minhash import race_both, race_shingling, race_sketching
from packing import race_packing, race_writing
from race import Race

from alm.config import CorpusParams
from alm.tokenizer import train_tokenizer

PEERS = ("sentencepiece", "tokenizers", "tiktoken", "datasketch", "rensa", "datatrove", "spacy")


def parse_args() -> argparse.Namespace:
    """Take how much text, how often, and which races."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=float, default=8.0)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--only", choices=("encoding", "minhash", "filters", "packing"))
    return parser.parse_args()


def list_races(texts: list[str], scratch: Path) -> Iterator[tuple[str, Callable[[], Race]]]:
    """Yield the kind of each race and what prepares it."""
    model = train_tokenizer(texts, CorpusParams.load("stdlib").tokenizer)
    yield "encoding", partial(race_encoding, texts, model)
    for race in (race_shingling, race_sketching, race_both):
        yield "minhash", partial(race, texts)
    yield "filters", partial(race_filters, texts)
    for race in (race_writing, race_packing):
        yield "packing", partial(race, texts, model, scratch)


def main(megabytes: float, turns: int, only: str | None) -> None:
    """Hold the races one after the other and print a table of each."""
    refuse_busy()
    logger.remove()  # datatrove's running commentary
    texts = read_library(int(megabytes * 1e6))
    print(describe(("alm", "numpy", *PEERS)))
    print(f"{len(texts):,} documents, {count_megabytes(texts):.1f} MB; one thread; best of {turns}")
    with tempfile.TemporaryDirectory() as folder:
        for kind, prepare in list_races(texts, Path(folder) / "shards"):
            if only in (None, kind):
                print(f"\n{prepare().hold(turns).render()}", flush=True)


if __name__ == "__main__":
    main(**vars(parse_args()))

"""What every race is run on: the running Python's own text, as source ``stdlib`` reads it."""

from pathlib import Path

from alm.config import CorpusParams, StdlibSource
from alm.corpus import SOURCES, Origin
from alm.corpus.sources import Record

PARTS = ("topics", "docstrings", "sources")  # prose first, then code


def read_library(n_bytes: int) -> list[str]:
    """Return texts of the standard library in order, until they hold ``n_bytes`` of UTF-8."""
    texts: list[str] = []
    held = 0
    for part in PARTS:
        for text in _read_part(part):
            if held >= n_bytes:
                return texts
            texts.append(text)
            held += len(text.encode("utf-8"))
    return texts


def count_megabytes(texts: list[str]) -> float:
    """Return how long texts are, in 10^6 bytes of UTF-8."""
    return sum(len(text.encode("utf-8")) for text in texts) / 1e6


def _read_part(part: str) -> list[str]:
    source = StdlibSource(
        kind="stdlib",
        name=part,
        licence="PSF-2.0",
        filters=(),
        part=part,
        tests=False,
        min_bytes=0,
    )
    params = CorpusParams.load("stdlib")
    items = SOURCES["stdlib"](source, Origin(Path(), params.seed, params.ingest))
    return [item.text for item in items if isinstance(item, Record) and item.text]

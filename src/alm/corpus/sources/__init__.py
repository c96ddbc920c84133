"""Where text comes from: one reader for each kind of source a recipe may name."""

from alm.corpus.sources.hub import HubReader
from alm.corpus.sources.jsonl import JsonlReader
from alm.corpus.sources.reader import Notes, Reader, Span
from alm.corpus.sources.record import Origin, Record, Reject
from alm.corpus.sources.stdlib import StdlibReader
from alm.corpus.sources.synthetic import SyntheticReader
from alm.corpus.sources.text import TextReader

SOURCES = {
    "synthetic": SyntheticReader,
    "stdlib": StdlibReader,
    "text": TextReader,
    "jsonl": JsonlReader,
    "hf": HubReader,
}

__all__ = ["SOURCES", "Notes", "Origin", "Reader", "Record", "Reject", "Span"]

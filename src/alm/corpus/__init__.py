"""Text in, text out: read sources, clean, drop duplicates and junk, split. No tokens, no torch."""

from alm.corpus.accounting import summarize
from alm.corpus.dedup import Deduplication
from alm.corpus.document import (
    Document,
    DocumentWriter,
    read_documents,
    read_unit,
    write_documents,
)
from alm.corpus.filter import Filtering
from alm.corpus.ingest import Ingestion
from alm.corpus.normalize import Normalization, normalize_text
from alm.corpus.shingles import shingle_texts
from alm.corpus.sources import SOURCES, Origin

__all__ = [
    "SOURCES",
    "Deduplication",
    "Document",
    "DocumentWriter",
    "Filtering",
    "Ingestion",
    "Normalization",
    "Origin",
    "normalize_text",
    "read_documents",
    "read_unit",
    "shingle_texts",
    "summarize",
    "write_documents",
]

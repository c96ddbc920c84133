"""Text in, text out: read sources, clean, drop duplicates, split. No tokens and no torch."""

from alm.corpus.accounting import summarize
from alm.corpus.dedup import dedup_corpus
from alm.corpus.document import Document, DocumentWriter, read_documents, write_documents
from alm.corpus.ingest import ingest_corpus
from alm.corpus.normalize import normalize_corpus, normalize_text
from alm.corpus.sources import SOURCES, Origin

__all__ = [
    "SOURCES",
    "Document",
    "DocumentWriter",
    "Origin",
    "dedup_corpus",
    "ingest_corpus",
    "normalize_corpus",
    "normalize_text",
    "read_documents",
    "summarize",
    "write_documents",
]

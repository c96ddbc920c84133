"""What a split holds, counted in its index."""

from typing import Any

from alm.data.index import DocumentIndex


def count_split(index: DocumentIndex, names: list[str]) -> dict[str, Any]:
    """Return documents, tokens and bytes of a split, in all and by source."""
    return {
        "docs": len(index),
        "tokens": int(index.start[-1]),
        "bytes": int(index.n_bytes.sum()),
        "sources": index.count_by_source(names),
    }

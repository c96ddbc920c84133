"""Packed tokens: how they are stored, read as one stream, cut into rows, and put in order.

Stands without the corpus and the tokenizer, so that training does not depend on their code.
"""

from alm.data.batches import Batches
from alm.data.index import DocumentIndex
from alm.data.order import feistel
from alm.data.packing import pack
from alm.data.rows import Rows
from alm.data.shards import ShardReader
from alm.data.stream import TokenStream
from alm.data.verification import verify_packed
from alm.data.writer import PackedDocument, ShardWriter, Vocabulary, write_split

__all__ = [
    "Batches",
    "DocumentIndex",
    "PackedDocument",
    "Rows",
    "ShardReader",
    "ShardWriter",
    "TokenStream",
    "Vocabulary",
    "feistel",
    "pack",
    "verify_packed",
    "write_split",
]

"""Packed tokens: how they are stored, read as one stream, cut into rows, and put in order.

Stands without the corpus and the tokenizer, so that training does not depend on their code.
"""

from alm.data.batch import Batch
from alm.data.batches import Batches
from alm.data.best_fit import BestFitRows
from alm.data.counting import count_split
from alm.data.curriculum import Curriculum
from alm.data.epochs import Epochs
from alm.data.export import export_packed
from alm.data.index import DocumentIndex
from alm.data.loader import Loader
from alm.data.mixture import MixtureOrder, MixtureRows
from alm.data.order import feistel
from alm.data.rows import Rows, RowSet
from alm.data.shards import ShardReader
from alm.data.sources import SourceStream
from alm.data.stream import Stream, TokenStream
from alm.data.verification import verify_packed
from alm.data.writer import PackedDocument, ShardWriter, Vocabulary, write_split

__all__ = [
    "Batch",
    "Batches",
    "BestFitRows",
    "Curriculum",
    "DocumentIndex",
    "Epochs",
    "Loader",
    "MixtureOrder",
    "MixtureRows",
    "PackedDocument",
    "RowSet",
    "Rows",
    "ShardReader",
    "ShardWriter",
    "SourceStream",
    "Stream",
    "TokenStream",
    "Vocabulary",
    "export_packed",
    "count_split",
    "feistel",
    "verify_packed",
    "write_split",
]

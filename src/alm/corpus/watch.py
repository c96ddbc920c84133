"""An eye on what a source reads: screened at once, given up when too bad, ended when enough."""

import hashlib
from collections.abc import Iterable, Iterator

from alm.config import IngestConfig, SourceConfig
from alm.corpus.document import is_blank, name_piece
from alm.corpus.ids import IdRegister
from alm.corpus.limits import Limits
from alm.corpus.quota import Quota
from alm.corpus.screening import screen
from alm.corpus.sources.pieces import split_text
from alm.corpus.sources.record import Record, Reject


def watch(
    items: Iterable[Record | Reject], source: SourceConfig, config: IngestConfig, *, guarded: bool
) -> Iterator[Record | Reject]:
    """Yield the items of a source or a part of it, screened, and no more than are enough.

    Whoever takes them in order afterwards has the last word; this spares reading what is sure to be
    too bad or too much. It never stops too early: what is too long is counted by its pieces, of two
    documents with one id just one, and what an earlier part has of it, that part has counted.

    Raises:
        InputError: too many in a row are unusable.
    """
    limits, quota = Limits(source.name, config), Quota.of(source)
    ids = IdRegister(source.name, suffix=True)
    for given in items:
        item = screen(given, config)
        if isinstance(item, Reject) and guarded:
            limits.note_bad(item)
        elif isinstance(item, Record):
            limits.note_good()
            if quota.is_limited:
                _count(item, quota, ids, config.max_doc_bytes)
        yield item
        if quota.reached():
            return


def _count(record: Record, quota: Quota, ids: IdRegister, limit: int) -> None:
    """Count what the intake will keep of a record: all of it, or of its pieces those with text."""
    is_long = len(record.text.encode("utf-8")) > limit
    for k, text in enumerate(split_text(record.text, limit)):
        if is_blank(text):
            continue
        data = text.encode("utf-8")
        name = name_piece(record.id, k) if record.id and is_long else record.id
        if not name or ids.claim(name, hashlib.sha256(data).digest()[:16]):
            quota.note(len(data))

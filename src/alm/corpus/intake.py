"""The door of a corpus: what a source reads is numbered, checked, and written down or set aside."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace

from alm.config import IngestConfig
from alm.corpus.accounting import Accounting
from alm.corpus.document import Document, DocumentWriter, is_blank, make_id, name_piece
from alm.corpus.ids import IdRegister
from alm.corpus.limits import Limits
from alm.corpus.quarantine import QuarantineWriter
from alm.corpus.quota import Quota
from alm.corpus.screening import screen
from alm.corpus.sources import Record, Reject
from alm.corpus.sources.pieces import split_text


class Intake:
    """Take the records of sources, one source after the other."""

    def __init__(
        self,
        config: IngestConfig,
        accounting: Accounting,
        documents: DocumentWriter,
        quarantine: QuarantineWriter,
    ) -> None:
        self._config = config
        self._accounting = accounting
        self._documents = documents
        self._quarantine = quarantine

    def take_all(
        self, source: str, items: Iterable[Record | Reject], quota: Quota, *, guarded: bool
    ) -> None:
        """Take what a source reads, to its end or until it is enough.

        Args:
            source: the source's name.
            items: what its reader gave.
            quota: how much is enough; counts what is kept.
            guarded: whether too many unusable records are an error.

        Raises:
            InputError: too many records are unusable, or two texts claim one id.
        """
        limits = Limits(source, self._config)
        ids = IdRegister(source, suffix=self._config.on_id_conflict == "suffix")
        for ordinal, item in enumerate(items):
            for part in self._check(item, source, ordinal):
                self._accounting.take()
                if isinstance(part, Document):
                    limits.note_good()
                    self._take(part, quota, ids if item.id else None)
                else:
                    self._set_aside(source, part)
                    if guarded:
                        limits.note_bad(part)
                if quota.reached():
                    break
            if quota.reached():
                break
        limits.close()

    def _check(
        self, given: Record | Reject, source: str, ordinal: int
    ) -> Iterator[Document | Reject]:
        """Turn a record into a document, into its pieces, or into a reject."""
        item = screen(given, self._config)
        if isinstance(item, Reject):
            yield item
            return
        document = Document(item.id or make_id(source, ordinal), source, item.text, item.meta)
        if len(item.text.encode("utf-8")) <= self._config.max_doc_bytes:
            yield document
        else:
            yield from _split(document, self._config.max_doc_bytes)

    def _take(self, document: Document, quota: Quota, ids: IdRegister | None) -> None:
        """Write a document unless it is empty or stands there already.

        Args:
            document: what to write.
            quota: where it is counted.
            ids: the given ids of its source; None where its id is made, and so its own.
        """
        if is_blank(document.text):
            self._accounting.drop("empty")
            return
        data = document.text.encode("utf-8")
        if ids:
            name = ids.claim(document.id, hashlib.sha256(data).digest()[:16])
            if name is None:
                self._accounting.drop("dup_id")
                return
            document = replace(document, id=name)
        self._documents.write(document)
        self._accounting.keep(document.source, len(data))
        quota.note(len(data))

    def _set_aside(self, source: str, reject: Reject) -> None:
        self._accounting.quarantine(reject.reason)
        self._quarantine.write(source, reject.reason, reject.place, reject.detail, reject.sample)


def _split(document: Document, limit: int) -> Iterator[Document]:
    for k, text in enumerate(split_text(document.text, limit)):
        meta = {**document.meta, "piece": k}
        yield Document(name_piece(document.id, k), document.source, text, meta)

"""What a record must pass by itself: that UTF-8 can hold it, and that it is not too long."""

from alm.config import IngestConfig
from alm.corpus.sources.record import Record, Reject


def screen(item: Record | Reject, config: IngestConfig) -> Record | Reject:
    """Return a record as it is, or the reject that it becomes; a reject stays one.

    A record that is too long passes where long documents are cut.
    """
    if isinstance(item, Reject):
        return item
    try:
        n_bytes = len(item.text.encode("utf-8"))
        (item.id or "").encode("utf-8")
    except UnicodeEncodeError as error:
        detail = f"half a surrogate pair at character {error.start}"
        return Reject(item.place, "lone_surrogate", detail, item.text)
    if n_bytes > config.max_doc_bytes and config.on_long_document == "quarantine":
        detail = f"expected at most {config.max_doc_bytes} bytes, found {n_bytes}"
        return Reject(item.place, "too_long", detail, item.text)
    return item

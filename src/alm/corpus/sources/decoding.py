"""Bytes to text, strictly: what is not UTF-8 is set aside, marked or refused, never ignored."""

from alm.config import IngestConfig
from alm.corpus.sources.record import Reject
from alm.errors import InputError


def decode(data: bytes, place: str, offset: int, config: IngestConfig) -> str | Reject:
    """Decode UTF-8 as ``on_bad_utf8`` says.

    Args:
        data: bytes of one record.
        place: where they stand, for messages.
        offset: how many bytes of the file come before them.
        config: tells what to do with what is not UTF-8.

    Raises:
        InputError: the bytes are not UTF-8 and ``on_bad_utf8`` is ``fail``.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        detail = f"expected UTF-8, found {data[error.start]:#04x} at byte {offset + error.start}"
    if config.on_bad_utf8 == "replace":
        return data.decode("utf-8", "replace")
    if config.on_bad_utf8 == "quarantine":
        return Reject(place, "bad_utf8", detail, data)
    raise InputError(
        f"{place}: {detail}; save it as UTF-8, or set ingest.on_bad_utf8 to quarantine or replace"
    )

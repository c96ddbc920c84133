"""What was set aside: a file of reasons, places and short excerpts, for a person to read."""

from alm.corpus.lines import LineWriter

EXCERPT_BYTES = 200


class QuarantineWriter(LineWriter):
    """Write one line per record that could not be used."""

    def write(self, source: str, reason: str, place: str, detail: str, sample: str | bytes) -> None:
        """Note one record.

        Args:
            source: the source's name.
            reason: one word for counting, such as ``bad_utf8``.
            place: where a person finds it, such as ``notes.jsonl:17``.
            detail: what exactly is wrong with it.
            sample: the record or the beginning of it; at most 200 bytes are kept.
        """
        entry = {"source": source, "reason": reason, "place": place, "detail": detail}
        self.write_line({**entry, "excerpt": excerpt(sample)})


def excerpt(sample: str | bytes) -> str:
    r"""Return the first bytes of a record as text; what is no text in UTF-8 becomes ``\x..``."""
    head = sample[:EXCERPT_BYTES]
    data = head.encode("utf-8", "backslashreplace") if isinstance(head, str) else head
    shown = data.decode("utf-8", "backslashreplace").encode("utf-8")
    return _whole_characters(shown[:EXCERPT_BYTES])


def _whole_characters(data: bytes) -> str:
    """Decode UTF-8 that may have been cut within its last character."""
    for end in range(len(data), max(len(data) - 4, 0), -1):
        try:
            return data[:end].decode("utf-8")
        except UnicodeDecodeError:
            continue
    return ""

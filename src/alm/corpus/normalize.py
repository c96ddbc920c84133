"""Stage normalize: one form for line ends, spaces and control characters; all else is kept."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path

from alm.config import NormalizeConfig
from alm.corpus.accounting import Accounting
from alm.corpus.document import Document, DocumentWriter, is_blank, read_documents
from alm.corpus.ingest import KIND as INGESTED
from alm.corpus.quarantine import QuarantineWriter
from alm.errors import InputError
from alm.io import Manifest, new_directory

KIND = "corpus.normalize"
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # C0 without tab, newline and return
LINE_END = re.compile(r"\r\n?")
BOM_AT_START = re.compile(r"\A(?:\n*\ufeff)+")  # empty lines before it do not hide it


def normalize_corpus(
    ingested: Path, config: NormalizeConfig, keep_trailing_spaces: tuple[str, ...], out: Path
) -> Manifest:
    """Write ``documents.jsonl``, ``quarantine.jsonl`` and a manifest to ``out``.

    Args:
        ingested: directory that stage ingest wrote.
        config: what to clean.
        keep_trailing_spaces: names of sources whose lines keep the spaces at their ends.
        out: directory to write.

    Raises:
        IntegrityError: ``ingested`` is not what ingest wrote.
        InputError: no document is left.
    """
    manifest = Manifest.read(ingested, INGESTED)
    manifest.verify(ingested)
    accounting = Accounting(manifest.facts["sources"])
    with new_directory(out) as root:
        with ExitStack() as stack:
            documents = stack.enter_context(DocumentWriter(root / "documents.jsonl"))
            quarantine = stack.enter_context(QuarantineWriter(root / "quarantine.jsonl"))
            cleaner = Cleaner(config, keep_trailing_spaces, accounting, quarantine)
            for document in cleaner.clean(read_documents(ingested / "documents.jsonl")):
                documents.write(document)
        if not accounting.docs_out:
            raise InputError(
                f"expected text in {ingested}, found none worth keeping among "
                f"{accounting.docs_in:,} documents ({accounting.reasons()}); look at the input"
            )
        return Manifest.write(
            root,
            KIND,
            params={
                "normalize": asdict(config),
                "keep_trailing_spaces": sorted(keep_trailing_spaces),
            },
            inputs={"ingest": manifest.sha256},
            facts={**accounting.facts(), "removed": dict(cleaner.removed)},
        )


class Cleaner:
    """Clean documents one by one, and keep the books about it."""

    def __init__(
        self,
        config: NormalizeConfig,
        keep_trailing_spaces: tuple[str, ...],
        accounting: Accounting,
        quarantine: QuarantineWriter,
    ) -> None:
        self._config = config
        self._keep = frozenset(keep_trailing_spaces)
        self._accounting = accounting
        self._quarantine = quarantine
        self.removed: Counter[str] = Counter()
        """How many control characters were dropped."""

    def clean(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Yield what is left of documents; a binary one is set aside, an empty one dropped."""
        for document in documents:
            self._accounting.take()
            n_controls = len(CONTROLS.findall(document.text))
            if n_controls > self._config.max_control_fraction * len(document.text):
                self._set_aside(document, n_controls)
                continue
            keep = document.source in self._keep
            text = normalize_text(document.text, self._config.max_blank_lines, keep_trailing=keep)
            if is_blank(text):
                self._accounting.drop("empty")
                continue
            self.removed["control_characters"] += n_controls
            self._accounting.keep(document.source, len(text.encode("utf-8")))
            yield replace(document, text=text)

    def _set_aside(self, document: Document, n_controls: int) -> None:
        detail = (
            f"{n_controls} of {len(document.text)} characters are control characters "
            "(normalize.max_control_fraction)"
        )
        self._accounting.quarantine("binary")
        self._quarantine.write(document.source, "binary", document.id, detail, document.text)


def normalize_text(text: str, max_blank_lines: int, *, keep_trailing: bool) -> str:
    r"""Return a text in its one form; doing so twice changes nothing more.

    Control characters but tab and newline go, ``\r\n`` and ``\r`` become ``\n``, a byte order mark
    at the start goes, spaces and tabs at line ends go unless kept, and of blank lines in a row at
    most ``max_blank_lines`` stay. Case, symbols and every other character stay as they are.
    """
    text = CONTROLS.sub("", text)
    text = LINE_END.sub("\n", text)
    if not keep_trailing:
        text = "\n".join([line.rstrip(" \t") for line in text.split("\n")])
    return _limit_blank_lines(BOM_AT_START.sub("", text), max_blank_lines)


def _limit_blank_lines(text: str, limit: int) -> str:
    """Shorten runs of newlines; at the start of a text one less of them makes a blank line."""
    run = re.compile(rf"\n{{{limit + 2},}}")
    return run.sub("\n" * (limit + 1), "\n" + text)[1:]

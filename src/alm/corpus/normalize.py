"""Stage normalize: one form for line ends, spaces and control characters; all else is kept."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from alm.config import NormalizeConfig
from alm.corpus.accounting import Accounting
from alm.corpus.document import Document, DocumentWriter, is_blank, read_unit
from alm.corpus.ingest import KIND as INGESTED
from alm.corpus.lines import concatenate
from alm.corpus.quarantine import QuarantineWriter
from alm.errors import InputError
from alm.io import Manifest
from alm.work import Part, Unit, cut_lines

KIND = "corpus.normalize"
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # C0 without tab, newline and return
LINE_END = re.compile(r"\r\n?")
BOM_AT_START = re.compile(r"\A(?:\n*\ufeff)+")  # empty lines before it do not hide it


@dataclass(frozen=True)
class Normalization:
    """Stage normalize: write ``documents.jsonl``, ``quarantine.jsonl`` and a manifest.

    Raises:
        IntegrityError: ``ingested`` is not what ingest wrote.
        InputError: no document is left.
    """

    ingested: Path
    """Directory that stage ingest wrote."""
    config: NormalizeConfig
    keep_trailing_spaces: tuple[str, ...]
    """Names of sources whose lines keep the spaces at their ends."""
    sources: tuple[dict[str, Any], ...]
    """As ingest's manifest lists them."""
    input_sha256: str
    kind: str = KIND

    @classmethod
    def of(
        cls, ingested: Path, config: NormalizeConfig, keep_trailing_spaces: tuple[str, ...]
    ) -> Self:
        """Check what ingest wrote, and prepare to clean it."""
        manifest = Manifest.read(ingested, INGESTED)
        manifest.verify(ingested)
        sources = tuple(manifest.facts["sources"])
        kept = tuple(sorted(keep_trailing_spaces))
        return cls(ingested, config, kept, sources, manifest.sha256)

    def identity(self) -> dict[str, Any]:
        """Return parameters and input."""
        return {"params": self._params(), "inputs": self._inputs()}

    def units(self) -> list[Unit]:
        """Cut the documents."""
        return cut_lines(self.ingested / "documents.jsonl")

    def work(self, unit: Unit, root: Path) -> dict[str, Any]:
        """Clean the documents of a unit."""
        accounting = Accounting(self.sources)
        with ExitStack() as stack:
            documents = stack.enter_context(DocumentWriter(root / "documents.jsonl"))
            quarantine = stack.enter_context(QuarantineWriter(root / "quarantine.jsonl"))
            cleaner = Cleaner(self.config, self.keep_trailing_spaces, accounting, quarantine)
            for document in cleaner.clean(read_unit(unit)):
                documents.write(document)
        return {**accounting.facts(), "removed": dict(cleaner.removed)}

    def merge(self, parts: list[Part], root: Path) -> dict[str, Any]:
        """Lay the cleaned documents one behind the other."""
        accounting, removed = Accounting(self.sources), Counter()
        for part in parts:
            accounting.absorb(part.facts)
            removed.update(part.facts["removed"])
        if not accounting.docs_out:
            raise InputError(
                f"expected text in {self.ingested}, found none worth keeping among "
                f"{accounting.docs_in:,} documents ({accounting.reasons()}); look at the input"
            )
        for name in ("documents.jsonl", "quarantine.jsonl"):
            concatenate((part.path / name for part in parts), root / name)
        return {
            "params": self._params(),
            "inputs": self._inputs(),
            "facts": {**accounting.facts(), "removed": dict(removed)},
        }

    def _params(self) -> dict[str, Any]:
        return {
            "normalize": asdict(self.config),
            "keep_trailing_spaces": list(self.keep_trailing_spaces),
        }

    def _inputs(self) -> dict[str, str]:
        return {"ingest": self.input_sha256}


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

    The C0 controls, which are below U+0020, go but for tab and newline; ``\r\n`` and ``\r`` become
    ``\n``, a byte order mark at the start goes, spaces and tabs at line ends go unless kept, and of
    blank lines in a row at most ``max_blank_lines`` stay. Case, symbols and every other character
    stay as they are, also U+007F and the C1 controls, U+0080 to U+009F.
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

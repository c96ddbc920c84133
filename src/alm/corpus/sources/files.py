"""The user's files: which ones a source reads, how they open, and what if one is damaged."""

import bz2
import gzip
import hashlib
import lzma
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from alm.config import JsonlSource, TextSource
from alm.corpus.sources.reader import Items, Notes, Reader, Span
from alm.corpus.sources.record import Origin
from alm.errors import ConfigError, InputError
from alm.io import sha256_file
from alm.work import UNIT_BYTES

OPENERS = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
DAMAGE = (EOFError, OSError, zlib.error, lzma.LZMAError)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of a source."""

    path: Path
    name: str
    """Its path below the corpus' input, which is the same on every machine."""


class FileReader(Reader):
    """Read the files that a source's glob matches, in the order of their names."""

    guarded = True  # too many bad records, and the input is not what the recipe says

    def __init__(self, source: TextSource | JsonlSource, origin: Origin) -> None:
        self.source = source
        self.origin = origin
        self._files = match_files(source.name, origin.input, source.glob)

    def digest(self) -> str:
        """Return the digest of the files' names and contents."""
        return tree_digest(self._files)

    def spans(self) -> list[Span]:
        """Cut the files into groups."""
        return group_files(self._files, UNIT_BYTES)

    def read(self, span: Span, notes: Notes) -> Items:
        """Yield every record of the span's files; note those that turned out to be damaged."""
        notes["skipped_files"] = []
        for file in self._files[span.start : span.stop]:
            n_read = 0
            try:
                with open_bytes(file.path) as stream:
                    for item in self.read_file(stream, file, notes):
                        n_read += 1
                        yield item
            except DAMAGE as error:
                notes["skipped_files"].append(self._meet_damage(file, n_read, error))

    def read_file(self, stream: BinaryIO, file: SourceFile, notes: Notes) -> Items:
        """Yield the records of one open file."""
        raise NotImplementedError

    def close(self, notes: Sequence[Notes]) -> dict[str, Any]:
        """Say how many files were read, and what became of damaged ones."""
        skipped = [each for part in notes for each in part["skipped_files"]]
        return {"files": len(self._files), "skipped_files": skipped}

    def _meet_damage(self, file: SourceFile, n_read: int, error: Exception) -> dict[str, Any]:
        if isinstance(error, OSError) and error.errno is not None:
            raise error  # the disk or the permissions, not the file's content
        found = f"{error} after {n_read:,} records"
        if self.origin.config.on_bad_file == "fail":
            raise InputError(
                f"{file.path} of source {self.source.name!r} is damaged: {found}; restore the "
                "file, or set ingest.on_bad_file to skip to go on without the rest of it"
            ) from None
        return {"file": file.name, "records": n_read, "error": str(error)}


def open_bytes(path: Path) -> BinaryIO:
    """Open a file for reading, decompressing by its suffix."""
    return OPENERS.get(path.suffix, open)(path, "rb")


def match_files(source: str, root: Path, glob: str) -> list[SourceFile]:
    """Return the files below ``root`` that match, sorted by name; ``root`` may itself be the file.

    Raises:
        ConfigError: the pattern cannot be used, or leads out of the input.
        InputError: there is no input, or nothing in it matches.
    """
    if PurePosixPath(glob).is_absolute() or ".." in PurePosixPath(glob).parts:
        raise ConfigError(
            f"source {source!r}: expected a glob below the corpus' input, found {glob!r}"
        )
    if not root.exists():
        raise InputError(f"no {root}: put your text there, or change the corpus' input")
    if root.is_file():
        fits = fnmatchcase(root.name, PurePosixPath(glob).name)
        found = [SourceFile(root, portable_name(root.name))] if fits else []
    else:
        found = [SourceFile(path, _name(path, root)) for path in _glob(source, root, glob)]
    if not found:
        raise InputError(_say_nothing_matched(source, root, glob))
    return sorted(found, key=lambda file: file.name)


def group_files(files: Sequence[SourceFile], size: int) -> list[Span]:
    """Cut a list of files into runs that end with the file which fills ``size`` bytes."""
    spans: list[Span] = []
    start = n_bytes = 0
    for i, file in enumerate(files, start=1):
        n_bytes += file.path.stat().st_size
        if n_bytes >= size or i == len(files):
            spans.append(Span(start, i))
            start, n_bytes = i, 0
    return spans


def tree_digest(files: list[SourceFile]) -> str:
    """Return one digest for names and contents, as lines of (SHA-256, name)."""
    lines = [f"{sha256_file(file.path)}  {file.name}\n" for file in files]
    return hashlib.sha256("".join(lines).encode("utf-8")).hexdigest()


def portable_name(name: str) -> str:
    r"""Return a file name that UTF-8 can hold; bytes that are not UTF-8 become ``\x..``."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _glob(source: str, root: Path, glob: str) -> list[Path]:
    try:
        return sorted(path for path in root.glob(glob) if path.is_file())
    except (ValueError, NotImplementedError) as error:
        raise ConfigError(f"source {source!r}: glob {glob!r} cannot be used: {error}") from None


def _name(path: Path, root: Path) -> str:
    return portable_name(path.relative_to(root).as_posix())


def _say_nothing_matched(source: str, root: Path, glob: str) -> str:
    """Name what there is instead, by suffix."""
    paths = [root] if root.is_file() else sorted(root.rglob("*"))
    suffixes = Counter(p.suffix or p.name for p in paths if p.is_file())
    there = ", ".join(f"{n} {suffix}" for suffix, n in sorted(suffixes.items())) or "no file"
    return (
        f"source {source!r} matched no file: expected {glob!r} in {root}, found {there}; put the "
        "text there, or change the glob in the corpus' recipe"
    )

"""Text of the running Python: what its standard library says, and what it is made of.

Files are read, never imported or run. What a machine writes into its own library (build settings,
site customisation) is passed over, so two machines with the same Python agree.
"""

import ast
import inspect
import io
import os
import platform
import sysconfig
import tokenize
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from alm.config import StdlibSource
from alm.corpus.sources.files import SourceFile, group_files, tree_digest
from alm.corpus.sources.reader import Items, Notes, Reader, Span
from alm.corpus.sources.record import Origin, Record, Reject
from alm.errors import InputError

TOPICS = "pydoc_data/topics.py"
NOT_OURS = {"site-packages", "dist-packages", "__pycache__"}
TESTS = {"test", "tests", "idle_test"}
OF_THE_MACHINE = ("_sysconfigdata*.py", "sitecustomize.py", "usercustomize.py", "config-*/*")

SPAN_BYTES = 2**20  # of files: parsing them takes its time, so even one library is worth a pool
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


class StdlibReader(Reader):
    """Read one part of the standard library.

    * ``topics``: the language reference as pydoc carries it, a document a topic;
    * ``docstrings``: a document a module, its docstrings in order under their dotted names;
    * ``sources``: a document a file.

    A document's ``group`` is the file it comes from: the docstrings of a file stand in its source
    too, so both must fall on the same side of the train/val split.

    Args:
        source: the recipe's line.
        origin: for the longest file that is read.
        root: where the library lies; None means the running Python's.
    """

    guarded = False  # the library's own tests hold broken files on purpose; min_bytes guards it

    def __init__(self, source: StdlibSource, origin: Origin, root: Path | None = None) -> None:
        self.root = root or Path(sysconfig.get_path("stdlib"))
        self._source = source
        self._limit = origin.config.max_doc_bytes
        self._files = list_library(self.root, tests=source.tests, topics=source.part == "topics")

    def digest(self) -> str:
        """Return the digest of the files' names and contents."""
        return tree_digest(self._files)

    def spans(self) -> list[Span]:
        """Cut the files into groups."""
        return group_files(self._files, SPAN_BYTES)

    def read(self, span: Span, notes: Notes) -> Items:
        """Yield every record of the span's files; note how much text that is."""
        notes["bytes"] = 0
        for item in self._read_all(self._files[span.start : span.stop]):
            notes["bytes"] += len(item.text.encode("utf-8")) if isinstance(item, Record) else 0
            yield item

    def close(self, notes: Sequence[Notes]) -> dict[str, Any]:
        """Say which Python this is; complain where it has too little text for a whole library."""
        self._refuse_slim_python(sum(part["bytes"] for part in notes))
        return {
            "files": len(self._files),
            "python": f"{platform.python_implementation()} {platform.python_version()}",
        }

    def _read_all(self, files: Sequence[SourceFile]) -> Iterator[Record | Reject]:
        extract = {"topics": _topics, "docstrings": _docstrings, "sources": _source}
        for file in files:
            text = self._read(file)
            if isinstance(text, Reject):
                yield text
            else:
                yield from extract[self._source.part](text, file.name)

    def _refuse_slim_python(self, n_bytes: int) -> None:
        if n_bytes < self._source.min_bytes:
            raise InputError(
                f"source {self._source.name!r}: expected at least {self._source.min_bytes:,} bytes "
                f"of text in {self.root} (min_bytes), found {n_bytes:,}; this Python is a slim "
                "one: use a full one (python.org, pyenv, your system's complete package), or take "
                "the source out of the recipe"
            )

    def _read(self, file: SourceFile) -> str | Reject:
        """Decode a file as Python does: by its mark or its declaration, else as UTF-8."""
        with file.path.open("rb") as stream:
            data = stream.read(self._limit + 1)
        if len(data) > self._limit:
            detail = f"expected at most {self._limit} bytes (ingest.max_doc_bytes), found more"
            return Reject(file.name, "too_long", detail, data)
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
            return data.decode(encoding)
        except (SyntaxError, UnicodeDecodeError) as error:
            return Reject(file.name, "undecodable", str(error), data)


def list_library(root: Path, *, tests: bool, topics: bool) -> list[SourceFile]:
    """Return the library's Python files by name: all but pydoc's topics, or just those."""
    names = [
        (Path(folder) / name).relative_to(root).as_posix()
        for folder, names in _walk_folders(root)
        for name in names
    ]
    chosen = [name for name in names if (name == TOPICS) == topics and _is_ours(name, tests)]
    return [SourceFile(root / name, name) for name in sorted(chosen)]


def _walk_folders(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield folders with their files, never entering what others installed: that can be huge."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(set(folders) - NOT_OURS)
        yield folder, sorted(files)


def _is_ours(name: str, tests: bool) -> bool:
    path = PurePosixPath(name)
    if path.suffix != ".py" or (TESTS & set(path.parts[:-1]) and not tests):
        return False
    return not any(path.match(pattern) for pattern in OF_THE_MACHINE)


def _source(text: str, name: str) -> Iterator[Record]:
    yield Record(name, text, {"path": name, "group": name}, name)


def _topics(text: str, name: str) -> Iterator[Record | Reject]:
    tree = _parse(text)
    tables = [node.value for node in tree.body if isinstance(node, ast.Assign)] if tree else []
    if len(tables) != 1 or not isinstance(tables[0], ast.Dict):
        yield Reject(name, "not_topics", "expected one table of topics", text)
        return
    for topic, body in sorted(ast.literal_eval(tables[0]).items()):
        place = f"{name}#{topic}"
        yield Record(place, body, {"path": name, "group": place}, place)


def _docstrings(text: str, name: str) -> Iterator[Record | Reject]:
    tree = _parse(text)
    if tree is None:
        yield Reject(name, "not_python", "expected the running Python's syntax", text)
        return
    module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    sections = [f"{title}\n\n{body}\n" for title, body in _walk_definitions(tree, module)]
    yield Record(name, "\n".join(sections), {"path": name, "group": name}, name)


def _parse(text: str) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the library's own strings
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):  # the last two: too nested
            return None


def _walk_definitions(node: DOCUMENTED, title: str) -> Iterator[tuple[str, str]]:
    """Yield dotted name and docstring of a node and of what is defined in it, in order."""
    if raw := ast.get_docstring(node, clean=False):
        yield title, inspect.cleandoc(raw).strip()
    for child in ast.iter_child_nodes(node):
        if isinstance(child, DOCUMENTED):
            yield from _walk_definitions(child, f"{title}.{child.name}")

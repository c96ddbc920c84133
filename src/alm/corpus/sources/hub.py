"""Datasets of Hugging Face, from the hub or from a folder, streamed by a process of their own.

``datasets`` (extra ``alm[hf]``) leaves threads behind that can keep a process from ending, so the
one that imports it leaves by ``os._exit`` once all is on disk. It is asked for no more than it has
to do: no progress bars, no telemetry; ``HF_HUB_OFFLINE`` and its like are yours to set.
"""

import importlib.metadata
import os
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from functools import partial
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any, NoReturn

import alm.errors
from alm.attended import leave_with
from alm.config.recipe import HfSource
from alm.corpus.sources.files import SourceFile, match_files, tree_digest
from alm.corpus.sources.reader import Items, Notes, Reader, Span
from alm.corpus.sources.record import Origin
from alm.corpus.sources.rows import FieldTally, RowReader
from alm.corpus.sources.stream import ChunkStore, Rows, store_stream
from alm.errors import AlmError, ConfigError, InputError, installing
from alm.io import hold_lock, read_json, write_json

LIBRARY = "datasets"
FAILURE = "failure.json"


class HubReader(Reader):
    """Stream one split of a dataset, in the order that it has.

    Raises:
        ConfigError: ``datasets`` is not installed.
        InputError: a dataset in the corpus' input is not there.
    """

    guarded = True

    def __init__(self, source: HfSource, origin: Origin) -> None:
        self._source = source
        self._origin = origin
        self._version = _version(source.name)
        self._files = _list_files(source, origin) if source.is_local else []

    def digest(self) -> str | None:
        """Return the digest of a folder; a commit of the hub says by itself what it holds."""
        return tree_digest(self._files) if self._source.is_local else None

    def libraries(self) -> dict[str, str]:
        """Return the version of ``datasets``."""
        return {LIBRARY: self._version}

    def spans(self) -> list[Span]:
        """Return the stream as one: it has no other order than its own."""
        return [Span(0, 1)]

    def read(self, span: Span, notes: Notes) -> Items:
        """Stream the rows to ``span.beside``, going on with what lies there; then yield them."""
        store = ChunkStore(span.beside, FieldTally.begin(self._origin.config))
        if not store.progress().is_done:
            _stream_elsewhere(self._source, self._origin, span.beside)
        notes["rows"] = store.progress().tally
        return store.items()

    def close(self, notes: Sequence[Notes]) -> dict[str, Any]:
        """Complain where no row has the recipe's fields; say what was streamed."""
        tally = FieldTally.of(notes[0]["rows"])
        tally.refuse(self._source, at_end=True)
        return {"files": len(self._files)} if self._files else {"revision": self._source.revision}


def load_rows(source: HfSource, origin: Origin, cache: Path) -> Rows:
    """Open a dataset for streaming; nothing but its file lists is fetched yet.

    Raises:
        ConfigError: a folder of the current directory would be taken for the dataset.
        InputError: ``datasets`` cannot open it.
    """
    import datasets
    import huggingface_hub.constants
    import tqdm

    tqdm.tqdm.set_lock(threading.RLock())  # else one between processes, which would be left behind
    huggingface_hub.constants.HF_HUB_DISABLE_TELEMETRY = True
    datasets.disable_progress_bars()
    datasets.logging.set_verbosity_error()
    if not source.is_local and Path(source.path).exists():
        raise ConfigError(
            f"source {source.name!r}: expected a dataset of the hub, but a folder {source.path} "
            "lies here and would be read in its place; move it, or name it as ./folder"
        )
    try:
        return datasets.load_dataset(
            str((origin.input / source.path).resolve()) if source.is_local else source.path,
            source.config,
            split=source.split,
            revision=source.revision,
            data_files=list(source.data_files) if source.data_files else None,
            streaming=True,
            cache_dir=str(cache),
        )
    except Exception as error:  # of whatever kind: there is no list of them
        raise InputError(
            f"source {source.name!r}: expected split {source.split!r} of {source.path}, but it "
            f"cannot be opened: {_say(error)}; check path, config, split, revision and data_files, "
            "and the network"
        ) from None


def _stream_elsewhere(source: HfSource, origin: Origin, folder: Path) -> None:
    """Stream to a folder in a process of its own; raise here what went wrong there."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FAILURE).unlink(missing_ok=True)
    # Fresh, not forked: nothing of this process may be in the way of how the other one ends.
    process = get_context("spawn").Process(target=_stream_and_leave, args=(source, origin, folder))
    process.start()
    try:
        process.join()
    finally:
        if process.is_alive():
            process.kill()
    if (folder / FAILURE).exists():
        failure = read_json(folder / FAILURE)
        raise getattr(alm.errors, failure["kind"])(failure["message"])
    if process.exitcode:
        raise InputError(
            f"source {source.name!r}: the process that read {source.path} ended with code "
            f"{process.exitcode}; run again to go on where it was"
        )


def _stream_and_leave(source: HfSource, origin: Origin, folder: Path) -> NoReturn:
    """Stream to a folder, and end the process whatever threads there are."""
    code = 1
    try:
        leave_with(parent_process().pid)
        with hold_lock(folder):
            _stream(source, origin, folder)
        code = 0
    except AlmError as error:
        write_json(folder / FAILURE, {"kind": type(error).__name__, "message": str(error)})
    except KeyboardInterrupt:
        pass  # the parent's matter
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _stream(source: HfSource, origin: Origin, folder: Path) -> None:
    from alm.corpus.watch import watch  # it imports the sources: not above

    store = ChunkStore(folder, FieldTally.begin(origin.config))
    rows = SafeRows(source, load_rows(source, origin, folder / "cache"))
    reader = RowReader(source, FieldTally.begin(origin.config))
    watched = partial(watch, source=source, config=origin.config, guarded=True)
    store_stream(rows, reader, store, source.path, watched)


class SafeRows:
    """Rows of a dataset whose errors have a name and a cure."""

    def __init__(self, source: HfSource, rows: Rows) -> None:
        self._source = source
        self._rows = rows
        self.state_dict = rows.state_dict
        self.load_state_dict = rows.load_state_dict

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the rows.

        Raises:
            InputError: one cannot be read.
        """
        rows = iter(self._rows)
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except Exception as error:  # of whatever kind: the network's, a file format's
                raise InputError(
                    f"source {self._source.name!r}: {self._source.path} cannot be read on: "
                    f"{_say(error)}; if it was the network, run again to go on where it was"
                ) from None
            yield row


def _list_files(source: HfSource, origin: Origin) -> list[SourceFile]:
    """Return the files of a dataset in the corpus' input, without hidden ones."""
    files = match_files(source.name, origin.input / source.path, "**/*")
    return [file for file in files if not any(part[0] == "." for part in file.name.split("/"))]


def _version(source: str) -> str:
    try:
        return importlib.metadata.version(LIBRARY)
    except importlib.metadata.PackageNotFoundError:
        raise ConfigError(
            f"source {source!r}: expected the package {LIBRARY} for kind hf, found none; "
            f"install it with {installing('hf')}"
        ) from None


def _say(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"

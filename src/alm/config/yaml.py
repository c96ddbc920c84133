"""Read YAML 1.2 as DVC does, and say what is wrong with a file in one line.

YAML 1.1 would make ``3e-4`` a string and ``on`` a boolean; DVC reads 1.2, so what it tracks would
not be what we use. Of YAML, mappings, lists, strings, numbers, booleans and null are enough: dates,
tags, aliases and a second version of the language are refused, not guessed at.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer, ComposerError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import Event
from ruamel.yaml.nodes import Node

from alm.errors import ConfigError

MAX_BYTES = 1 << 20  # a configuration beyond a megabyte is a mistake, or an attack
MAX_DEPTH = 32  # likewise; reading recurses
MAX_FILES = 64  # that are remembered


class PlainComposer(Composer):
    """Refuses what a configuration has no use for, before a value is made of it."""

    levels = 0

    def compose_document(self) -> Node:
        """Compose a document, unless it asks for other rules."""
        event = self.parser.peek_event()
        if event.version:
            self._refuse("another YAML version", event)
        return super().compose_document()

    def compose_node(self, parent: Node | None, index: Any) -> Node:  # noqa: ANN401
        """Compose a scalar, a list or a mapping."""
        event = self.parser.peek_event()
        if event.anchor:
            self._refuse("an anchor or alias", event)
        if event.tag:
            self._refuse("a tag", event)
        if self.levels == MAX_DEPTH:
            self._refuse(f"more than {MAX_DEPTH} levels", event)
        self.levels += 1
        node = super().compose_node(parent, index)
        self.levels -= 1
        return node

    @staticmethod
    def _refuse(found: str, event: Event) -> None:
        raise ComposerError(None, None, f"expected plain values, found {found}", event.start_mark)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read the mapping that a YAML file holds; its lists come back as tuples.

    Raises:
        ConfigError: the file is absent, too large, not UTF-8, not YAML, repeats a key, uses an
            alias, a tag or a date, has a key that is no string, or is no mapping; the message names
            the file and, where there is one, the line.
    """
    loaded = _load(path, _read_text(path))
    if not isinstance(loaded, dict):
        kind = "nothing" if loaded is None else type(loaded).__name__
        raise ConfigError(f"{path}: expected a mapping of keys to values, found {kind}")
    return {_check_key(key, path): _freeze(item, f"{path}: {key}") for key, item in loaded.items()}


@lru_cache(maxsize=MAX_FILES)
def _load(path: Path, text: str) -> Any:  # noqa: ANN401
    """Read a text once, however often it is asked for: a plan looks at ``dvc.yaml`` thirty times.

    Nobody may change what this returns; :func:`_freeze` copies it.
    """
    reader = YAML(typ="safe", pure=True)
    reader.Composer = PlainComposer
    try:
        return reader.load(text)
    except MarkedYAMLError as error:
        place = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ConfigError(f"{path}{place}: {error.problem}; correct the YAML") from None
    except YAMLError as error:
        raise ConfigError(f"{path}: {str(error).splitlines()[0]}; correct the YAML") from None
    except ValueError as error:  # a date that no calendar has, a number too long
        raise ConfigError(f"{path}: {error}; correct the YAML") from None


def _freeze(value: Any, where: str) -> Any:  # noqa: ANN401
    """Turn lists into tuples: sections are frozen, and take nothing that can change."""
    if isinstance(value, dict):
        return {
            _check_key(key, where): _freeze(item, f"{where}.{key}") for key, item in value.items()
        }
    if isinstance(value, list):
        return tuple(_freeze(item, where) for item in value)
    if not isinstance(value, str | int | float | None):
        raise ConfigError(f"{where}: expected plain values, found {value!r}; put it in quotes")
    if isinstance(value, str) and not _is_text(value):
        raise ConfigError(f"{where}: expected text, found half a character in {value!r}; remove it")
    return value


def _check_key(key: object, where: str | Path) -> str:
    if not isinstance(key, str) or not _is_text(key):
        raise ConfigError(f"{where}: expected a name as key, found {key!r}; put it in quotes")
    return key


def _is_text(value: str) -> bool:
    """Whether a string has no lone surrogate, which no file could hold."""
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _read_text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}; restore the file") from None
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path}: {len(data)} bytes, but a configuration has at most {MAX_BYTES}")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from None

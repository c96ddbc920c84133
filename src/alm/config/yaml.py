"""Read YAML 1.2 as DVC does, and say what is wrong with a file in one line.

YAML 1.1 would make ``3e-4`` a string and ``on`` a boolean; DVC reads 1.2, so what it tracks would
not be what we use.
"""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from alm.errors import ConfigError

MAX_BYTES = 1 << 20  # a configuration beyond a megabyte is a mistake, or an attack


def read_yaml(path: Path) -> dict[str, Any]:
    """Read the mapping that a YAML file holds; its lists come back as tuples.

    Raises:
        ConfigError: the file is absent, too large, not UTF-8, not YAML, repeats a key, uses an
            alias or is no mapping; the message names the file and, where there is one, the line.
    """
    try:
        text = _read_text(path)
        loaded = YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        place = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ConfigError(f"{path}{place}: {error.problem}; correct the YAML") from None
    except YAMLError as error:
        raise ConfigError(f"{path}: {error}; correct the YAML") from None
    if not isinstance(loaded, dict):
        kind = "nothing" if loaded is None else type(loaded).__name__
        raise ConfigError(f"{path}: expected a mapping of keys to values, found {kind}")
    return {key: _freeze(value) for key, value in loaded.items()}


def _freeze(value: object) -> object:
    """Turn lists into tuples: sections are frozen, and take nothing that can change."""
    if isinstance(value, dict):
        return {key: _freeze(item) for key, item in value.items()}
    return tuple(map(_freeze, value)) if isinstance(value, list) else value


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

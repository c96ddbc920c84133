"""JSON with one spelling per value: sorted keys, no NaN, no key twice."""

import json
import math
from pathlib import Path
from typing import Any

from alm.errors import IntegrityError
from alm.io.atomic import write_text
from alm.io.disk import explain_read

SIGNIFICANT_DIGITS = 6  # of every number in a tracked report


def canonical_json(value: object) -> str:
    """Return ``value`` on one line; equal values give equal text.

    Raises:
        ValueError: the value holds NaN or an infinity.
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def write_json(path: Path, value: object) -> None:
    """Write ``value`` as indented, key-sorted JSON; the bytes depend on the value alone."""
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def parse_json(text: str) -> Any:  # noqa: ANN401
    """Parse JSON strictly.

    Raises:
        ValueError: it is no JSON, has a key twice, holds NaN, an infinity or a number too large for
            a float, or nests too deep.
    """
    try:
        return json.loads(
            text,
            object_pairs_hook=_refuse_twins,
            parse_constant=_refuse_constant,
            parse_float=_parse_float,
        )
    except RecursionError:
        raise ValueError("nested too deep") from None


def read_json(path: Path) -> Any:  # noqa: ANN401
    """Read a JSON file that alm wrote.

    Raises:
        IntegrityError: the file is absent or not strict JSON in UTF-8.
        AlmError: it may be sound, but cannot be read just now.
    """
    try:
        return parse_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise explain_read(path, error) from None
    except ValueError as error:
        raise IntegrityError(f"{path} is damaged: {error}; build it again") from None


def rounded(value: Any) -> Any:  # noqa: ANN401
    """Return ``value`` with every float in it rounded to 6 significant digits.

    Last bits differ where nothing of interest does; a tracked number should not.
    """
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.{SIGNIFICANT_DIGITS}g}")
    return value


def _refuse_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twin = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key {twin!r} stands twice")
    return found


def _parse_float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"{digits} is too large")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")

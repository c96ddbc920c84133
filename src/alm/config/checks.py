"""Say what is wrong with parameters: the key, what was expected, what was found, what was meant."""

import difflib
from collections.abc import Callable, Iterable

from pydantic import ValidationError

Origin = Callable[[str, str], str]


def explain(error: ValidationError, known: Iterable[str] = (), origin: Origin | None = None) -> str:
    """Return one line per wrong key; an unknown one is followed by the nearest of ``known``.

    Args:
        error: what pydantic found.
        known: names of fields.
        origin: tells the path of the section that a field's value comes from.
    """
    return "\n".join(f"  {_line(detail, known, origin)}" for detail in error.errors())


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `` (did you mean X?)`` when a known name is close, else nothing."""
    close = difflib.get_close_matches(name, sorted(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def choose_from(names: Iterable[str]) -> str:
    """Return the list of known names that ends an error about an unknown one."""
    return "choose from: " + ", ".join(names)


def _line(detail: dict, known: Iterable[str], origin: Origin | None) -> str:
    section, *rest = [str(part) for part in detail["loc"]] or [""]
    key = ".".join([origin(section, rest[0]) if origin and rest else section, *rest])
    if detail["type"] == "unexpected_keyword_argument" or detail["type"] == "extra_forbidden":
        return f"{key}: unknown key{did_you_mean(key.rpartition('.')[2], known)}; remove it"
    if detail["type"].startswith("missing"):
        return f"{key}: missing; write it"
    found = "" if isinstance(detail["input"], dict) else f", found {detail['input']!r}"
    message = detail["msg"].removeprefix("Value error, ")
    return f"{key}: {message}{found}" if key else message

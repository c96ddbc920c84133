"""Templates that make one text of a row's fields, such as ``Question: {question}``.

A field is a path of names and indices, ``{answers[0].text}``, and nothing more: it looks values up
in the row, and can neither reach an attribute nor ask for a format. ``{{`` and ``}}`` are braces.
"""

import re

Path = tuple[str | int, ...]

TOKEN = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+")
NAME = r"[^.\[\]{}:!]+"
PATH = re.compile(rf"{NAME}(?:\.{NAME}|\[[0-9]{{1,9}}\])*")
STEP = re.compile(rf"\[([0-9]+)\]|({NAME})")


def parse_template(template: str) -> tuple[str | Path, ...]:
    """Return the pieces of a template in order: a string as it stands, or the path of a field.

    Raises:
        ValueError: a brace has no other, a field is more than a path, or there is no field at all.
    """
    pieces = tuple(_parse_token(token) for token in TOKEN.findall(template))
    if not any(isinstance(piece, tuple) for piece in pieces):
        raise ValueError(f"expected a field such as {{text}} in the template, found {template!r}")
    return pieces


def spell_path(path: Path) -> str:
    """Return a path as a template has it."""
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in path]
    return "".join(steps).removeprefix(".")


def _parse_token(token: str) -> str | Path:
    if token in {"{{", "}}"}:
        return token[0]
    if token in {"{", "}"}:
        raise ValueError(f"expected pairs of braces in the template, found a single {token!r}")
    if not token.startswith("{"):
        return token
    if not PATH.fullmatch(token[1:-1]):
        raise ValueError(
            f"expected a field as a path, such as {{answers[0].text}}, in the template, found "
            f"{token}"
        )
    return tuple(int(index) if index else name for index, name in STEP.findall(token))

"""Text of anybody's making, shown on a terminal that it must not be able to steer."""

import sys

ELLIPSIS = "..."


def printable(text: str) -> str:
    """Drop what could steer a terminal, and mark what its encoding lacks."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    encoding = sys.stdout.encoding or "utf-8"
    return shown.encode(encoding, "replace").decode(encoding)


def one_line(text: str) -> str:
    """Return a text as one printable line, with single spaces and none around it."""
    return " ".join(printable(text).split())


def part_of_line(text: str) -> str:
    """Return a text to put into a line: printable, with single spaces, and one at an end stays."""
    return " ".join(f"|{printable(text)}|".split())[1:-1]


def shorten(text: str, limit: int) -> str:
    """Return a line of at most ``limit`` characters, its middle left out where it is longer."""
    if len(text) <= limit:
        return text
    room = limit - len(ELLIPSIS)
    return f"{text[: room - room // 2]}{ELLIPSIS}{text[len(text) - room // 2 :]}"

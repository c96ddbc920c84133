"""Write HTML and SVG so that no text, least of all a model's, can become markup."""

from html import escape as _escape

_CONTROLS = {i: 0x2400 + i for i in range(0x20) if chr(i) not in "\n\t"} | {0x7F: 0x2421}
_OTHERS = {i: 0xFFFD for i in (*range(0x80, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF)}
_BIDI = {i: 0xFFFD for i in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
_VISIBLE = _CONTROLS | _OTHERS | _BIDI


def visible(text: str) -> str:
    """Return ``text`` with control characters as the pictures that Unicode has for them.

    What neither HTML, XML nor UTF-8 can hold (surrogates, C1 controls), and what would turn the
    text around it (bidirectional overrides), becomes U+FFFD.
    """
    return text.translate(_VISIBLE)


def escape(text: object) -> str:
    """Return text as it may stand between tags or in a quoted attribute."""
    return _escape(visible(str(text)), quote=True)


def tag(name: str, *children: str, **attributes: object) -> str:
    """Return an element around ``children``, which are markup already.

    An attribute's underscores are hyphens, but for those at its end (``class_``), and one whose
    value is None is left out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    body = "".join(children)
    return f"<{name}{written}>{body}</{name}>"

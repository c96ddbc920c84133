"""Write numbers as people read them: short, with a unit, the same everywhere in a report."""

import math
from collections.abc import Sequence

_STEPS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
_SIZES = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
MINUS = "\N{MINUS SIGN}"
NONE = "\N{EN DASH}"
SPACE = "\N{NO-BREAK SPACE}"


def whole(value: int | None) -> str:
    """Return a count in full: ``1,234,567``."""
    return NONE if value is None else f"{value:,}"


def short(value: float | None) -> str:
    """Return a count in three digits: ``1.23 M``."""
    return NONE if value is None else _scaled(value, _STEPS, "")


def size(n_bytes: float | None) -> str:
    """Return a size in three digits, in powers of a thousand: ``1.23 MB``."""
    return NONE if n_bytes is None else _scaled(n_bytes, _SIZES, "B")


def number(value: float | None, digits: int = 4) -> str:
    """Return a measurement in so many significant digits."""
    if value is None:
        return NONE
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    exponent = int(f"{value:.{digits - 1}e}".split("e")[1])  # after rounding: 9.996 is 10.00
    decimals = digits - 1 - exponent
    if not -3 <= decimals <= 8:
        return _powered(f"{value:.{digits - 1}e}")
    return _with_minus(f"{round(value, decimals):,.{max(decimals, 0)}f}")


def bits(value: float) -> str:
    """Return bits per byte, to a thousandth everywhere: numbers that are compared line up."""
    return f"{value:.3f}"


def between(interval: Sequence[float] | None) -> str:
    """Return a 95 % interval of bits per byte; a dash where one document was scored."""
    return NONE if interval is None else f"{bits(interval[0])} to {bits(interval[1])}"


def tick(value: float) -> str:
    """Return a round number on an axis, without trailing zeros: ``0.002``, ``2.5 M``."""
    step, unit = next((each for each in _STEPS if abs(value) >= each[0]), (1, ""))
    return _powered(f"{value / step:.6g}") + (f"{SPACE}{unit}" if unit else "")


def signed(value: float | None, digits: int = 2) -> str:
    """Return a difference, its sign always shown."""
    if value is None:
        return NONE
    text = number(value, digits)
    return text if value <= 0 else f"+{text}"


def share(value: float | None, decimals: int = 1) -> str:
    """Return a fraction of one in percent."""
    return NONE if value is None else f"{100 * value:.{decimals}f}{SPACE}%"


def ratio(value: float | None) -> str:
    """Return how many times as much: ``0.62x``."""
    return NONE if value is None else f"{value:.2f}\N{MULTIPLICATION SIGN}"


def _scaled(value: float, steps: tuple[tuple[float, str], ...], unit: str) -> str:
    for step, name in steps:
        if abs(value) >= step * 0.9995:  # 999,600 would be written as 1000 k
            return f"{number(value / step, 3)}{SPACE}{name}"
    return f"{value:,.0f}{SPACE}{unit}" if unit else f"{value:,.0f}"


def _powered(text: str) -> str:
    """Spell a power of ten without padding: ``1e-05`` is 1e−5."""
    mantissa, *exponent = text.split("e")
    return _with_minus(mantissa + "".join(f"e{int(power)}" for power in exponent))


def _with_minus(text: str) -> str:
    return text.replace("-", MINUS)

"""Ways to work a sum out on paper, one step a line."""

from collections.abc import Iterator
from itertools import zip_longest

COLUMNS = ("Ones", "Tens", "Hundreds", "Thousands")


def add_by_columns(a: int, b: int) -> Iterator[str]:
    """Add digit by digit from the right, with carries."""
    carry = 0
    columns = list(zip_longest(_digits(a), _digits(b), fillvalue=0))
    for place, (x, y) in enumerate(columns):
        total = x + y + carry
        terms = f"{x} + {y}" + (f" + {carry}" if carry else "")
        carry = total // 10
        last = place == len(columns) - 1
        note = f"Write {total % 10}, carry 1." if carry and not last else f"Write {total}."
        yield f"{COLUMNS[place]}: {terms} = {total}. {note}"


def add_by_parts(a: int, b: int) -> Iterator[str]:
    """Add the parts of the second number to the first, the largest part first."""
    total = a
    for part in _parts(b):
        yield f"{total} + {part} = {total + part}"
        total += part


def add_by_places(a: int, b: int) -> Iterator[str]:
    """Add tens to tens and ones to ones, then the sums."""
    tens, ones = a // 10 * 10 + b // 10 * 10, a % 10 + b % 10
    yield f"Tens first: {a // 10 * 10} + {b // 10 * 10} = {tens}."
    yield f"Then the ones: {a % 10} + {b % 10} = {ones}."
    yield f"Together: {tens} + {ones} = {tens + ones}."


def subtract_by_columns(a: int, b: int) -> Iterator[str]:
    """Subtract digit by digit from the right, with borrowing."""
    borrowed = 0
    for place, (x, y) in enumerate(zip_longest(_digits(a), _digits(b), fillvalue=0)):
        top = x - borrowed
        borrowed = int(top < y)
        note = f"Borrow 1 to get {top + 10}. " if borrowed else ""
        top += 10 * borrowed
        yield f"{COLUMNS[place]}: {note}{top} - {y} = {top - y}."


def subtract_by_parts(a: int, b: int) -> Iterator[str]:
    """Take the parts of the second number away, the largest first."""
    left = a
    for part in _parts(b):
        yield f"{left} - {part} = {left - part}"
        left -= part


def subtract_by_counting_up(a: int, b: int) -> Iterator[str]:
    """Count from the smaller number up to the larger, by way of the next ten."""
    ten = min(-(-b // 10) * 10, a)
    if ten > b:
        yield f"From {b} to {ten} is {ten - b}."
    if a > ten:
        yield f"From {ten} to {a} is {a - ten}."
    yield f"In all: {ten - b} + {a - ten} = {a - b}."


def multiply_by_parts(a: int, b: int) -> Iterator[str]:
    """Multiply each part of the first number, then add up."""
    products = []
    for part in _parts(a):
        products.append(part * b)
        yield f"{part} * {b} = {part * b}"
    if len(products) > 1:
        yield f"{' + '.join(map(str, products))} = {sum(products)}"


def multiply_by_adding(a: int, b: int) -> Iterator[str]:
    """Add the first number as often as the second says."""
    yield f"Start with {a}."
    for times in range(2, b + 1):
        yield f"{times} times: {a * (times - 1)} + {a} = {a * times}"


def divide_by_parts(a: int, b: int) -> Iterator[str]:
    """Take away as many tens of the divisor as fit, then the rest."""
    tens = a // b // 10 * 10
    if tens:
        yield f"{b} * {tens} = {b * tens}, and {a} - {b * tens} = {a - b * tens}."
    ones = a // b - tens
    yield f"{b} * {ones} = {b * ones}, and nothing is left."
    if tens:
        yield f"{tens} + {ones} = {tens + ones}"


def divide_by_trying(a: int, b: int) -> Iterator[str]:
    """Guess too low, and close the gap."""
    quotient = a // b
    guess = max(quotient - 3, 1)
    yield f"Try {guess}: {guess} * {b} = {guess * b}. That is {a - guess * b} short of {a}."
    more = quotient - guess
    yield f"{a - guess * b} is {more} times {b}, so add {more}: {guess} + {more} = {quotient}."


def compare_by_columns(a: int, b: int) -> Iterator[str]:
    """Compare digits from the left until two differ."""
    columns = list(enumerate(zip(_digits(a), _digits(b), strict=True)))
    for place, (x, y) in reversed(columns):
        if x != y:
            yield f"{COLUMNS[place]}: {max(x, y)} is more than {min(x, y)}."
            return
        yield f"{COLUMNS[place]}: both have {x}."


def compare_by_difference(a: int, b: int) -> Iterator[str]:
    """Look at how far apart the numbers are."""
    high, low = max(a, b), min(a, b)
    yield f"{high} - {low} = {high - low}, so {high} is larger by {high - low}."


WORKING = {
    "+": (add_by_columns, add_by_columns, add_by_parts, add_by_places),
    "-": (subtract_by_columns, subtract_by_columns, subtract_by_parts, subtract_by_counting_up),
    "*": (multiply_by_parts, multiply_by_parts, multiply_by_adding),
    "/": (divide_by_parts, divide_by_parts, divide_by_trying),
    ">": (compare_by_columns, compare_by_columns, compare_by_difference),
}


def _digits(n: int) -> list[int]:
    """Return the digits of a number, ones first."""
    return [int(digit) for digit in reversed(str(n))]


def _parts(n: int) -> list[int]:
    """Return a number's hundreds, tens and ones as numbers, those that are not zero."""
    parts = [digit * 10**place for place, digit in enumerate(_digits(n)) if digit]
    return parts[::-1] or [0]

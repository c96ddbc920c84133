"""script: code points out of UTF-8, and which of them are Latin letters."""

import numpy as np
import pytest

from alm.corpus.filters import measure
from alm.corpus.filters.script import decode_characters


def test_every_code_point_is_decoded():
    points = [*range(0x80, 0xD800), *range(0xE000, 0x110000)]
    data = np.frombuffer("".join(map(chr, points)).encode() + b"\n", np.uint8)

    found = decode_characters(data, np.flatnonzero(data >= 0xC0))

    assert np.array_equal(found, points)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("abc", 1.0),
        ("Grüße, façade, Đặng", 1.0),
        ("Жук", 0.0),
        ("漢字かな。「", 0.0),
        ("ab Жу", 0.5),
        ("12 + 3 = 15 \u2192 \u20ac \U0001f600", 1.0),
        ("a \u2192 \U0001f600 \u201cb\u201d \u00b0", 1.0),
    ],
)
def test_letters_count_and_signs_do_not(text, share):
    assert measure([text], ["latin_letters"])["latin_letters"] == [share]

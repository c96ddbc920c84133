"""pii: addresses that may be somebody's are masked, and nothing else is touched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.corpus.filters import mask

ODD = st.text(st.sampled_from("a1.@-_ \né"), max_size=80)
LONG = st.integers(1, 80).map("a".__mul__)  # around the bounds of a local part and of a label
PIECE = LONG | st.sampled_from(
    ["name", "example.com", "b.io", "8.8.8.8", "1", "é", " ", *"@@@._-+"]
)
ADDRESSES = st.builds(
    "{}{}@{}.{}{}".format,
    st.sampled_from(["", " ", "@", "_", "é"]),
    LONG,
    st.lists(LONG | st.just("b-2"), min_size=1, max_size=12).map(".".join),
    LONG,
    st.sampled_from(["", ".", ".1", "-x.y", "@", "@c.org", "@d", "_", "_e@f.org"]),
)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Write to ann.lee+x@mail.example.org.", "Write to name@example.com."),
        ("<a@b.io>,c_d@e-f.co.uk", "<name@example.com>,name@example.com"),
        ("x@y.com@z.com, x@y.com_w@z.com", "name@example.com, name@example.com"),
        ("x@y@z.com é@b.io@", "name@example.com é@b.io@"),
        ("@a@b.io... a@b-2.aa@b-2.a", "@name@example.com... name@example.com"),
        ("a" * 100 + "@b.io", "name@example.com"),
        ("<a@" + "b." * 9 + "com.org>", "<name@example.com>"),
        ("from 8.8.8.8:53 to 203.0.114.77", "from 192.0.2.1:53 to 192.0.2.1"),
    ],
)
def test_addresses_are_masked(text, masked):
    assert mask(text).text == masked


@pytest.mark.parametrize(
    "text",
    [
        "@property",
        "x = a @ b",
        "a@b",
        "user@localhost",
        "127.0.0.1 10.1.2.3 192.168.0.1 172.16.0.1 0.0.0.0 255.255.255.0",
        "version 1.2.3.4.5 and 1.2.3",
        "256.1.1.1 v1.2.3.4 1.2.3.4a",
        "name@example.com 192.0.2.1",
    ],
)
def test_what_is_nobodys_address_stays(text):
    assert mask(text).text == text


def test_addresses_are_counted():
    masked = mask("a@b.org, c@d.org, 8.8.4.4")

    assert (masked.emails, masked.ipv4) == (2, 1)


@given(ODD | st.lists(ADDRESSES, max_size=5).map("".join) | st.lists(PIECE).map("".join))
def test_doing_it_twice_changes_nothing_more(text):
    once = mask(text)

    assert mask(once.text).text == once.text


@pytest.mark.parametrize(
    "unit", ["a", "@", "a@", "a.", "1.", "a@a.", "a@b.io", "_@b.io_", "@b.io@"]
)
def test_long_texts_take_linear_time(unit):
    mask(unit * 200_000)  # a pattern that tries every beginning would take hours
    mask("x@" + unit * 200_000)

"""decode: UTF-8, or what the knob says."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.corpus.sources.decoding import decode
from alm.corpus.sources.record import Reject
from alm.errors import InputError


def test_offset_counts_from_the_start_of_the_file(ingest_config):
    reject = decode(b"ab\xff", "a.txt", 1000, ingest_config)

    assert reject == Reject(
        "a.txt", "bad_utf8", "expected UTF-8, found 0xff at byte 1002", b"ab\xff"
    )


def test_failure_names_the_cure(ingest_config):
    with pytest.raises(InputError, match=r"a\.txt: .*save it as UTF-8, or set ingest\.on_bad_utf8"):
        decode(b"\xff", "a.txt", 0, replace(ingest_config, on_bad_utf8="fail"))


@given(data=st.binary())
def test_text_is_exactly_the_bytes_or_set_aside(ingest_config, data):
    text = decode(data, "a.txt", 0, ingest_config)

    assert isinstance(text, Reject) or text.encode("utf-8") == data

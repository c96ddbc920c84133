"""screen: what a record must pass by itself."""

from dataclasses import replace

import pytest

from alm.corpus.screening import screen
from alm.corpus.sources import Record, Reject


def test_sound_record_and_reject_pass_as_they_are(ingest_config):
    record, reject = Record("p", "x" * 1000, {}, "i"), Reject("p", "bad", "", "")

    assert screen(record, ingest_config) is record
    assert screen(reject, ingest_config) is reject


@pytest.mark.parametrize("record", [Record("p", "a\ud800", {}, "i"), Record("p", "", {}, "\udfff")])
def test_half_a_character_is_rejected(ingest_config, record):
    assert screen(record, ingest_config).reason == "lone_surrogate"


def test_record_that_is_too_long_is_rejected_unless_it_can_be_cut(ingest_config):
    record = Record("p", "é" * 501, {}, "i")

    reject = screen(record, ingest_config)

    assert (reject.reason, reject.detail) == ("too_long", "expected at most 1000 bytes, found 1002")
    assert screen(record, replace(ingest_config, on_long_document="split")) is record

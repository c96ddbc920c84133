"""Limits: when a source is taken for a wrong one."""

from dataclasses import replace

import pytest

from alm.corpus.limits import Limits
from alm.corpus.sources import Reject
from alm.errors import InputError

BAD = Reject("a.txt", "bad_utf8", "found 0xff at byte 0", b"\xff")


def watch(config, pattern, **changes):
    limits = Limits("own", replace(config, **changes))
    for letter in pattern:
        limits.note_bad(BAD) if letter == "x" else limits.note_good()
    limits.close()


@pytest.mark.parametrize("pattern", ["", ".", ".x" * 5, "xx........"])
def test_as_many_as_allowed_pass(ingest_config, pattern):
    watch(ingest_config, pattern, max_bad_run=2, max_bad_fraction=0.5)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("xxx......", "at most 2 unusable records in a row"),
        (".xx", "found 2 of 3"),
        ("x", "1 of 1"),
    ],
)
def test_one_more_fails_and_names_the_first_and_the_cure(ingest_config, pattern, message):
    with pytest.raises(InputError, match=rf"{message}.* a\.txt: bad_utf8 .*raise the limit"):
        watch(ingest_config, pattern, max_bad_run=2, max_bad_fraction=0.5)

"""Quota: when a source is enough."""

from dataclasses import replace

import pytest

from alm.corpus.quota import Quota


def test_source_without_limits_is_never_enough(jsonl_source):
    quota = Quota.of(jsonl_source)
    quota.note(1 << 60)

    assert not quota.is_limited
    assert quota.reached() is None


def test_documents_are_counted(jsonl_source):
    quota = Quota.of(replace(jsonl_source, max_docs=2))
    quota.note(0)

    assert quota.is_limited
    assert quota.reached() is None
    quota.note(0)
    assert quota.reached() == "max_docs"


@pytest.mark.parametrize(
    ("tokens", "bytes_per_token", "n_bytes"), [(100, 4.0, 480), (10, 4.1, 50), (1, 0.1, 1)]
)
def test_tokens_are_counted_in_bytes_with_a_fifth_in_reserve(
    jsonl_source, tokens, bytes_per_token, n_bytes
):
    source = replace(jsonl_source, target_tokens=tokens, bytes_per_token=bytes_per_token)
    quota = Quota.of(source)
    quota.note(n_bytes - 1)

    assert quota.reached() is None
    quota.note(1)
    assert quota.reached() == "target_tokens"

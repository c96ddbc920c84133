"""watch: an early end for what is too bad or enough, and never too early."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.corpus.accounting import Accounting
from alm.corpus.document import DocumentWriter
from alm.corpus.intake import Intake
from alm.corpus.quarantine import QuarantineWriter
from alm.corpus.quota import Quota
from alm.corpus.sources import Record, Reject
from alm.corpus.watch import watch
from alm.errors import InputError

BAD = Reject("p", "bad", "", "")
ITEM = st.builds(
    Record,
    st.just("p"),
    st.sampled_from(["", "x", "yy", "x" + " " * 9, "ab\n\n\n\n\nab\nyy", "ab\n" * 4]),
    st.just({}),
    st.sampled_from(["a", "b", "a#1", None]),
) | st.just(BAD)
LIMIT = st.integers(1, 5).map(lambda n: {"max_docs": n}) | st.integers(1, 20).map(
    lambda n: {"target_tokens": n, "bytes_per_token": 1.0}
)


def test_items_pass_in_order_and_screened(jsonl_source, ingest_config):
    items = [Record("p", "x", {}, None), BAD, Record("p", "\ud800", {}, None)]

    watched = list(watch(items, jsonl_source, ingest_config, guarded=True))

    assert watched[:2] == items[:2]
    assert watched[2].reason == "lone_surrogate"


def test_bad_run_is_given_up_at_once_where_that_is_an_error(jsonl_source, ingest_config):
    config = replace(ingest_config, max_bad_run=2)
    endless = iter(lambda: BAD, None)

    with pytest.raises(InputError, match="at most 2 unusable records in a row"):
        list(watch(endless, jsonl_source, config, guarded=True))
    assert len(list(watch([BAD] * 9, jsonl_source, config, guarded=False))) == 9


def test_reading_ends_when_it_is_enough(jsonl_source, ingest_config):
    source = replace(jsonl_source, max_docs=2)
    endless = iter(lambda: Record("p", "x", {}, None), None)

    assert len(list(watch(endless, source, ingest_config, guarded=True))) == 2


def test_blank_pieces_of_a_long_document_are_not_counted(jsonl_source, ingest_config):
    config = replace(ingest_config, max_doc_bytes=3, on_long_document="split")
    source = replace(jsonl_source, target_tokens=5, bytes_per_token=1.0)
    items = [Record("p", text, {}, None) for text in ("x" + " " * 9, "abc", "abc", "abc")]

    assert len(list(watch(items, source, config, guarded=True))) == 2


def take_all(root, items, quota, config):
    accounting = Accounting([{"name": "s", "kind": "jsonl", "licence": "x"}])
    with DocumentWriter(root / "d") as documents, QuarantineWriter(root / "q") as quarantine:
        door = Intake(config, accounting, documents, quarantine)
        door.take_all("s", items, quota, guarded=False)
    return (root / "d").read_bytes()


@given(
    st.lists(ITEM, max_size=30),
    st.integers(0, 30),
    LIMIT,
    st.sampled_from(["split", "quarantine"]),
)
def test_nothing_is_cut_off_that_the_intake_would_have_taken(
    tmp_path_factory, jsonl_source, ingest_config, items, cut, limit, on_long
):
    """However a source is divided, and each part watched by itself."""
    root = tmp_path_factory.mktemp("watch")
    config = replace(ingest_config, on_id_conflict="suffix", max_bad_fraction=1.0)
    config = replace(config, max_doc_bytes=3, on_long_document=on_long)
    source = replace(jsonl_source, **limit)

    parts = [watch(part, source, config, guarded=False) for part in (items[:cut], items[cut:])]
    watched = [item for part in parts for item in part]

    whole = take_all(root, items, Quota.of(source), config)
    assert take_all(root, watched, Quota.of(source), config) == whole

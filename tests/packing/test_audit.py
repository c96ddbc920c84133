"""Audit: the first of every shard and each hundredth is compared; a difference is named."""

import numpy as np
import pytest

from alm.data import PackedDocument, write_split
from alm.errors import IntegrityError
from alm.packing import audit as module
from alm.packing.audit import Ledger, audit
from alm.packing.encoded import Placed


@pytest.fixture
def write_shards(tmp_path, encoder):
    """Write n documents ``[BOS, 4 + i, EOS]`` to shards of 1024 tokens; return the names."""

    def write(n, ledger):
        tokens = [np.array([1, 4 + i % 400, 2]) for i in range(n)]
        placed = (
            Placed(PackedDocument(each, 0, 1), 10 * i, 10 * i + 10) for i, each in enumerate(tokens)
        )
        return write_split(tmp_path, "train", ledger.note(placed), encoder, 1024)

    return write


class Asked:
    """Knows the documents by their place, and notes which it was asked for."""

    bos_id, eos_id = 1, 2

    def __init__(self, wrong=()):
        self.ordinals = []
        self._wrong = wrong

    def encode_plain(self, unit):
        i = unit.start // 10
        assert (unit.start, unit.stop) == (10 * i, 10 * i + 10)
        self.ordinals.append(i)
        document = type("Document", (), {"id": f"d{i}", "source": "own"})
        yield document, np.array([4 + i % 400 + (i in self._wrong)], dtype=np.uint32)


def test_each_shard_is_audited_from_its_first_document_on(tmp_path, write_shards, encoder):
    ledger, asked = Ledger(), Asked()
    shards = write_shards(800, ledger)  # 342, 342 and 116 documents

    n_audited = audit(tmp_path, shards, tmp_path / "train.jsonl", ledger, asked)

    assert len(shards) == 3
    assert asked.ordinals == [0, 100, 200, 300, 342, 442, 542, 642, 684, 784]
    assert n_audited == 10


@pytest.mark.parametrize("wrong", [0, 342, 784])
def test_difference_is_refused_by_name(tmp_path, write_shards, wrong):
    ledger = Ledger()
    shards = write_shards(800, ledger)

    with pytest.raises(IntegrityError, match=rf"document 'd{wrong}' of own has other tokens"):
        audit(tmp_path, shards, tmp_path / "train.jsonl", ledger, Asked({wrong}))


def test_share_is_a_percent():
    assert module.STRIDE == 100

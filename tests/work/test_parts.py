"""Parts: whose they are, and when they may be taken for one's own."""

from dataclasses import replace

from alm.work.parts import PartStore


def test_identity_follows_parameters_input_and_code(step, tmp_path, monkeypatch):
    def identity(step):
        return PartStore(step, tmp_path / "out").identity

    before = identity(step)

    assert identity(step) == before
    assert identity(replace(step, input_sha256="0" * 64)) != before
    assert identity(replace(step, keep_trailing_spaces=("own",))) != before
    monkeypatch.setattr("alm.work.parts.sha256_tree", lambda path: "another tree")
    assert identity(step) != before


def test_identity_does_not_follow_where_the_output_lies(step, tmp_path):
    here, there = (PartStore(step, tmp_path / name / "out") for name in "ab")

    assert here.identity == there.identity


def test_opening_drops_parts_of_another_identity(step, tmp_path):
    store = PartStore(step, tmp_path / "out")
    store.open()
    store.make(store.units[0])
    (store.path / "0000-0000001").mkdir()

    store.open()

    assert [path.name for path in store.path.iterdir()] == [f"{store.identity[:16]}-0000000"]
    assert [unit.number for unit in store.missing()] == list(range(1, len(store.units)))

"""Fingerprint: whatever a state was made by is in it, and a change is named."""

from pathlib import Path

import pytest

from alm.checkpoint import Fingerprint, code_digests
from alm.config import Stage
from alm.errors import IntegrityError


@pytest.fixture
def stage(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("src").mkdir()
    Path("src/code.py").write_text("x = 1\n")
    Path("text").mkdir()
    Path("text/a").write_text("hello")
    return Stage("train@x", (Path("src/code.py"), Path("text")), {}, ())


def take(stage, lr=0.1, device="cpu"):
    return Fingerprint.of(stage, {"train": {"lr": lr}}, {"device": device})


def test_same_makings_same_name(stage):
    assert take(stage).short == take(stage).short


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda: Path("src/code.py").write_text("x = 2\n"), ["src/code.py"]),
        (lambda: Path("text/a").write_text("hallo"), ["text"]),
        (lambda: Path("text/a").rename("text/b"), ["text"]),
    ],
    ids=["code", "content", "name"],
)
def test_a_changed_file_is_another_state_and_is_named(stage, change, named):
    before = take(stage)

    change()

    after = take(stage)
    assert after.short != before.short
    assert after.changes_since(before) == named


def test_a_changed_parameter_or_device_is_named(stage):
    assert take(stage, lr=0.2).changes_since(take(stage)) == ["params train"]
    assert take(stage, device="cuda").changes_since(take(stage)) == ["numerics device"]


def test_compiled_python_does_not_count(stage):
    before = take(stage)

    Path("text/__pycache__").mkdir()
    Path("text/__pycache__/a.pyc").write_bytes(b"x")

    assert take(stage).short == before.short


def test_code_and_libraries_are_told_apart(stage):
    fingerprint = take(stage)

    assert list(fingerprint.code()) == ["src/code.py"]
    assert set(fingerprint.libraries()) == {"numpy", "safetensors", "torch"}


def test_survives_the_disk(stage, tmp_path):
    take(stage).write(tmp_path)

    assert Fingerprint.read(tmp_path) == take(stage)


@pytest.mark.parametrize("text", ["[]", '{"seed": 7}', '{"seed": ["7"]}', "{"])
def test_what_is_no_list_of_digests_is_refused(tmp_path, text):
    (tmp_path / "fingerprint.json").write_text(text)

    with pytest.raises(IntegrityError, match=r"fingerprint\.json"):
        Fingerprint.read(tmp_path)


def test_code_digests_are_those_of_the_declared_code_alone(stage):
    assert code_digests(stage) == take(stage).code()

"""What dvc.lock says of a stage when it last ran."""

import pytest

from alm.errors import IntegrityError
from alm.project.lockfile import read_lock

LOCK = """\
schema: '2.0'
stages:
  pack@own:
    cmd: pack it
    deps:
    - path: src/alm/io
      hash: md5
      md5: 0123.dir
    params:
      params.yaml:
        pack:
          shard_tokens: 1024
    outs:
    - path: build/packed
      hash: md5
      md5: 4567.dir
"""


def test_a_stage_is_read_with_its_inputs_and_results(tmp_path):
    (tmp_path / "dvc.lock").write_text(LOCK)

    stage = read_lock(tmp_path)["pack@own"]

    assert stage.cmd == "pack it"
    assert stage.deps == {"src/alm/io": "0123.dir"}
    assert stage.params == {"pack": {"shard_tokens": 1024}}
    assert stage.outs == {"build/packed": "4567.dir"}


def test_where_nothing_was_built_no_stage_has_run(tmp_path):
    assert read_lock(tmp_path) == {}


DAMAGED = (
    *("", "stages: 3", "{", "stages:\n  a: {}\n", "<<<<<<< HEAD\n", LOCK + LOCK),
    *("x: &x [*x]\n" + LOCK, "x: !!set {a}\n" + LOCK, "x: " + "[" * 400 + "]" * 400 + "\n" + LOCK),
)


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_file_is_told_with_the_cure(tmp_path, text):
    (tmp_path / "dvc.lock").write_text(text)

    with pytest.raises(IntegrityError, match=r"git checkout dvc\.lock"):
        read_lock(tmp_path)


def test_a_folder_in_its_place_is_told_with_the_cure(tmp_path):
    (tmp_path / "dvc.lock").mkdir()

    with pytest.raises(IntegrityError, match=r"git checkout dvc\.lock"):
        read_lock(tmp_path)

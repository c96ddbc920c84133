"""What dvc.lock says of a stage when it last ran."""

import pytest

from alm.errors import IntegrityError
from alm.project.lockfile import digest_as_dvc, read_lock

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


def test_a_file_and_a_folder_have_the_digests_that_dvc_gave_them(tmp_path):
    folder = tmp_path / "d"
    folder.mkdir()
    for name in ("y", "x"):
        (folder / name).write_text("hi\n")

    assert digest_as_dvc(folder / "x") == "764efa883dda1e11db47671c4a3bbd9e"
    assert digest_as_dvc(folder) == "de425f2c179b14b0534996cedb4a54b1.dir"


def test_what_dvc_ignores_does_not_count(tmp_path):
    (tmp_path / "x").write_text("hi\n")
    (tmp_path / "y").write_text("hi\n")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "x.pyc").touch()

    assert digest_as_dvc(tmp_path) == "de425f2c179b14b0534996cedb4a54b1.dir"


def test_names_below_a_folder_and_in_other_scripts_count_as_dvc_counts_them(tmp_path):
    place = tmp_path / "deeper" / "\u00e9.txt"
    place.parent.mkdir()
    place.write_text("hi\n")

    assert digest_as_dvc(tmp_path) == "d753bdde076463e9a8a12f94de59c69a.dir"

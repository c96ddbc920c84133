"""What made a file, and how to make it again."""

from pathlib import Path

import pytest

from alm.errors import InputError
from alm.io import Manifest
from alm.project.lockfile import digest_as_dvc
from alm.project.whence import trace_file

ROOT = Path(__file__).parents[2]


def test_a_file_is_traced_to_its_stage_and_command():
    said = trace_file(ROOT / "reports/tiny/loss.csv", ROOT)

    assert said.startswith("reports/tiny/loss.csv is made by pretrain@tiny\n")
    assert "from: src/alm/optim" in said
    assert "with: seed, runtime, presets.tiny.runtime" in said
    assert said.endswith("make it again: make pretrain PRESET=tiny")


def test_a_file_of_a_corpus_is_made_by_a_verb_of_the_corpus():
    said = trace_file(ROOT / "build/corpora/own/packed/manifest.json", ROOT)

    assert said.endswith("make it again: make pack CORPUS=own")


def test_what_no_stage_writes_is_refused():
    with pytest.raises(InputError, match=r"no stage in dvc\.yaml writes it"):
        trace_file(ROOT / "README.md", ROOT)


def test_a_file_outside_is_refused(tmp_path):
    with pytest.raises(InputError, match="expected a file below"):
        trace_file(tmp_path / "x", ROOT)


@pytest.fixture
def project(tmp_path):
    """One corpus stage whose output carries a manifest, as its lock says."""
    (tmp_path / "params.yaml").write_text(
        "corpora:\n  own:\n    input: here\npresets:\n  tiny: {}\n"
    )
    (tmp_path / "dvc.yaml").write_text(
        "stages:\n  pack:\n    foreach: ${corpora}\n    do:\n      cmd: pack\n"
        "      deps: [code]\n      outs: [out]\n      metrics: [table.json]\n"
    )
    (tmp_path / "dvc.lock").write_text(
        "stages:\n  pack@own:\n    cmd: pack\n    deps:\n    - {path: code, md5: 0011223344556f}\n"
        "    outs:\n    - {path: out, md5: x.dir}\n"
        "    - {path: table.json, md5: 5d41402abc4b2a76b9719d911017c592}\n"
    )
    (tmp_path / "table.json").write_text("hello")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "data").write_text("data")
    Manifest.write(tmp_path / "out", "packed", params={}, inputs={"a": "f" * 64}, facts={})
    return tmp_path


def test_the_manifest_is_repeated_and_checked(project):
    said = trace_file(project / "out" / "data", project)
    assert "from: code  001122334455\n" in said
    assert "manifest: a packed, SHA-256" in said
    assert "inputs: a ffffffffffff" in said
    assert "now: whole (every file is as its manifest says), and not what dvc.lock names" in said

    (project / "out" / "data").write_text("hand")
    assert "now: damaged: " in trace_file(project / "out" / "data", project)


def test_a_folder_is_compared_with_the_lock_too(project):
    digest = digest_as_dvc(project / "out")
    (project / "dvc.lock").write_text((project / "dvc.lock").read_text().replace("x.dir", digest))

    said = trace_file(project / "out", project)

    assert "now: whole (every file is as its manifest says), and what dvc.lock names\n" in said


def test_a_single_file_is_compared_with_the_lock(project):
    assert "now: what dvc.lock names" in trace_file(project / "table.json", project)

    (project / "table.json").write_text("by hand")
    assert "now: not what dvc.lock names: changed since" in trace_file(
        project / "table.json", project
    )

    (project / "table.json").unlink()
    assert "now: not there" in trace_file(project / "table.json", project)

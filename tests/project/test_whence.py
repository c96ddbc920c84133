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


def test_no_file_is_answered_with_an_example():
    with pytest.raises(InputError, match="none named; such as make whence FILE=build/models/tiny/"):
        trace_file(Path(), ROOT)


def test_a_folder_of_several_stages_is_answered_with_what_lies_in_it():
    with pytest.raises(InputError, match="name one of build/models/tiny/pretrain, .*int8"):
        trace_file(ROOT / "build/models/tiny", ROOT)


def test_a_path_may_lead_out_and_in_again():
    said = trace_file(ROOT / ".." / ROOT.name / "reports/tiny/card.md", ROOT)

    assert said.startswith("reports/tiny/card.md is made by report@tiny\n")


def test_a_stage_of_no_preset_and_no_corpus_makes_files_too():
    said = trace_file(ROOT / "build/models/scratch/pretrain/manifest.json", ROOT)

    assert said.startswith("build/models/scratch/pretrain/manifest.json is made by scratch\n")
    assert said.endswith("make it again: make scratch")


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
    assert "from: code  001122334455 (not there now)\n" in said
    assert "manifest: a packed, SHA-256" in said
    assert "inputs: a ffffffffffff" in said
    assert "now: whole (every file is as its manifest says), and not what dvc.lock names" in said

    (project / "out" / "data").write_text("hand")
    assert "now: damaged: " in trace_file(project / "out" / "data", project)


def test_a_hybrid_says_so(project):
    facts = {"hybrid": [{"run": "0123", "step": 5, "changed": ["seed", "params train"]}]}
    Manifest.write(project / "out", "packed", params={}, inputs={}, facts=facts)

    said = trace_file(project / "out", project)

    assert "a hybrid: 5 steps are of run 0123; since changed: seed, params train" in said


def test_an_input_that_changed_since_is_marked(project):
    (project / "code").write_text("1")
    assert "from: code  001122334455 (changed since)\n" in trace_file(project / "out", project)

    digest = digest_as_dvc(project / "code")
    lock = (project / "dvc.lock").read_text()
    (project / "dvc.lock").write_text(lock.replace("0011223344556f", digest))
    assert f"from: code  {digest[:12]}\n" in trace_file(project / "out", project)


def test_a_misspelt_file_is_answered_with_those_beside_it(project):
    said = trace_file(project / "out" / "dota", project)

    assert "now: not there; beside it lie data, manifest.json\n" in said


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

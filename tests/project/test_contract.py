import json
import subprocess

import pytest
import torch

from alm.errors import IntegrityError
from alm.project.contract import check_text, why_not_here

LOCK = "stages:\n  pack@synthetic: {outs: [{md5: aaa}]}\n  pretrain@tiny: {outs: [{md5: bbb}]}\n"


@pytest.fixture
def committed(project, monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    (project / "dvc.lock").write_text(LOCK)
    commit(project, torch.__version__)
    return project


def commit(root, build):
    reports = root / "reports" / "tiny"
    reports.mkdir(parents=True, exist_ok=True)
    (reports / "pretrain.json").write_text(json.dumps({"numerics": {"torch": build}}))
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "--quiet"], ["add", "."], [*who, "commit", "--quiet", "-m", "start"]):
        subprocess.run(["git", *command], cwd=root, check=True)


def test_a_portable_preset_is_due_here(committed):
    assert why_not_here("tiny", committed) is None


def test_another_build_of_torch_is_a_reason(committed):
    commit(committed, "1.0+abacus")

    assert "torch 1.0+abacus" in why_not_here("tiny", committed)


def test_another_kind_of_cpu_is_a_reason(committed, monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "arm64")

    assert "Linux x86-64" in why_not_here("tiny", committed)


def test_a_native_preset_is_due_on_its_own_machine_only(committed):
    assert "numerics: native" in why_not_here("pico", committed)


def test_what_was_never_committed_is_said(project):
    subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)

    with pytest.raises(IntegrityError, match=r"dvc\.lock is not committed"):
        check_text("tiny", project)


def test_models_may_differ_where_only_text_is_checked(committed):
    (committed / "dvc.lock").write_text(LOCK.replace("bbb", "ccc"))

    check_text("tiny", committed)


@pytest.mark.parametrize("change", [("aaa", "ccc"), ("pack@", "tokenizer@")])
def test_text_that_differs_is_named(committed, change):
    (committed / "dvc.lock").write_text(LOCK.replace(*change))

    with pytest.raises(IntegrityError, match="pack@synthetic"):
        check_text("tiny", committed)

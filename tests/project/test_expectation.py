"""What a second build is held against, and what would make holding it meaningless."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from alm.errors import ConfigError, InputError, IntegrityError
from alm.io import write_json
from alm.project.expectation import read_expected

WHO = ("-c", "user.name=a", "-c", "user.email=a@b")
GRAPH = """\
stages:
  pack:
    foreach: ${corpora}
    do:
      cmd: mkdir -p build/text && cp configs/corpora/${key}.yaml build/text/${key}
      deps:
        - configs/corpora/${key}.yaml
      params:
        - seed
      outs:
        - build/text/${key}
  base:
    cmd: cp scripts/x.py build/base
    deps: [scripts/x.py]
    outs: [build/base]
  pretrain:
    foreach: ${presets}
    do:
      cmd: cp build/base build/${key}; mkdir -p reports/${key}; cp scripts/x.py reports/${key}/x
      deps:
        - build/base
        - build/text/${item.corpus}
      outs:
        - build/${key}
        - reports/${key}/x
  export:
    foreach: ${presets}
    do:
      cmd: cp scripts/y.py build/${key}.exported
      deps:
        - build/${key}
        - scripts/y.py
      outs:
        - build/${key}.exported
"""


def run(root, *words):
    tools = Path(sys.executable).parent
    env = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(words, cwd=root, env=env, check=True, capture_output=True)


def commit(root):
    run(root, "git", "add", "--all")
    run(root, "git", *WHO, "commit", "--quiet", "--allow-empty", "--message", "x")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Everything of the preset is built, by DVC itself, and committed."""
    root, repo = tmp_path_factory.mktemp("expected"), Path(__file__).parents[2]
    shutil.copy(repo / "params.yaml", root)
    shutil.copytree(repo / "configs", root / "configs")
    (root / "dvc.yaml").write_text(GRAPH)
    (root / ".gitignore").write_text("/build\n")
    for name in ("build", "scripts"):
        (root / name).mkdir()
    for name in ("x", "y"):
        (root / "scripts" / f"{name}.py").write_text(name)
    run(root, "git", "init", "--quiet")
    run(root, "dvc", "init", "--quiet")
    run(root, "dvc", "repro", "--quiet", "export@tiny")
    commit(root)
    return root


@pytest.fixture
def house(built, tmp_path):
    """A copy that a test may change."""
    return Path(shutil.copytree(built, tmp_path / "house"))


@pytest.fixture(autouse=True)
def dvc(monkeypatch):
    """What DVC says has changed; a test that undoes it asks DVC itself, which takes a second."""
    changed = {}
    monkeypatch.setattr("alm.project.expectation.ask_dvc", lambda *_: changed)
    return changed


def test_it_is_every_stage_that_the_preset_stands_on_in_the_order_they_run(house):
    names = list(read_expected("tiny", house))

    assert names == ["pack@synthetic", "base", "pretrain@tiny", "export@tiny"]


def test_what_is_not_here_is_still_expected(house):
    shutil.rmtree(house / "build")

    assert len(read_expected("tiny", house)) == 4


def test_a_preset_that_was_never_built_is_refused(house):
    with pytest.raises(InputError, match="expected a build of pico in dvc.lock, found none"):
        read_expected("pico", house)


def test_a_preset_that_is_not_known_is_refused(house):
    with pytest.raises(ConfigError, match="tinny"):
        read_expected("tinny", house)


@pytest.mark.parametrize("name", ["scripts/x.py", "configs/models/new.yaml", ".dvcignore"])
def test_sources_that_a_clone_would_not_have_are_refused(house, name):
    (house / name).write_text("changed")

    with pytest.raises(InputError, match=f"found changes in {name}; commit or stash them"):
        read_expected("tiny", house)


def test_results_of_former_code_are_refused(house, monkeypatch):
    monkeypatch.undo()
    (house / "scripts/x.py").write_text("z")
    commit(house)

    with pytest.raises(InputError, match="found changes that base did not see yet") as caught:
        read_expected("tiny", house)

    assert "make repro PRESET=tiny (`make why STAGE=base` says" in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "stages", "verb"),
    [
        ({"base": [{"changed deps": {"params.yaml": {"seed": "modified"}}}]}, "base", "repro"),
        ({"pretrain@tiny": ["changed command"]}, "pretrain@tiny", "repro"),
        ({"base": [{"changed deps": {"data/own": "deleted"}}]}, "base", "repro"),
        ({"export@tiny": [{"changed deps": {"src/x.py": "new"}}]}, "export@tiny", "export"),
        (
            {"export@tiny": ["changed command"], "base": ["changed command"]},
            "base, export@tiny",
            "repro",
        ),
    ],
)
def test_results_of_former_sources_are_refused(house, dvc, changed, stages, verb):
    dvc.update(changed)

    with pytest.raises(InputError, match=f"found changes that {stages} did not see yet") as caught:
        read_expected("tiny", house)

    assert f"make {verb} PRESET=tiny" in str(caught.value)


def test_what_lies_here_need_not_be_in_the_cache(house, dvc):
    dvc["base"] = [{"changed outs": {"build/base": "not in cache"}}]
    dvc["pretrain@tiny"] = [{"changed deps": {"build/base": "deleted", ".state/x": "deleted"}}]

    assert len(read_expected("tiny", house)) == 4


def test_a_hybrid_is_refused(house):
    hybrid = [{"run": "0123", "step": 5, "changed": ["seed"]}]
    write_json(house / "reports/tiny/pretrain.json", {"hybrid": hybrid})

    with pytest.raises(InputError, match='found a hybrid: .*"0123", and cannot be built again'):
        read_expected("tiny", house)


@pytest.mark.parametrize("name", ["build/tiny", "reports/tiny/x"])
def test_a_result_that_was_changed_is_refused_although_its_size_and_time_are_as_before(house, name):
    before = (house / name).stat()
    (house / name).write_text("q")
    os.utime(house / name, ns=(before.st_atime_ns, before.st_mtime_ns))

    with pytest.raises(IntegrityError, match=f"found others in {name}; they were"):
        read_expected("tiny", house)

"""A build that is done again elsewhere: equal, or another one and why."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from alm.config import available_cores
from alm.errors import AlmError, IntegrityError
from alm.io import write_json
from alm.project.host import STAMP
from alm.project.lockfile import LOCK, LockedStage
from alm.project.verify import Comparison, verify_build

REPO = Path(__file__).parents[2]
WHO = ("-c", "user.name=a", "-c", "user.email=a@b")
GRAPH = """\
stages:
  pack:
    foreach: ${corpora}
    do:
      cmd: python scripts/make.py build/text/${key}/packed
      deps:
        - scripts/make.py
      outs:
        - build/text/${key}/packed
  pretrain:
    foreach: ${presets}
    do:
      cmd: python scripts/make.py LEAKS
      deps:
        - build/text/${item.corpus}/packed
        - scripts/make.py
      outs: LISTED
"""
LEAKS = {  # what a result could know of the place where it is made
    "path": "os.getcwd()",
    "home": "os.path.expanduser('~')",
    "locale": "locale.getpreferredencoding()",
    "zone": "time.strftime('%z', time.localtime(0))",
    "clock": "time.time_ns()",
    "hash": "hash('text')",
    "umask": "os.umask(0)",
    "order": "os.listdir('configs/models')",
    "workers": "os.environ.get('ALM_WORKERS')",
    "environment": "os.environ.get('WHATEVER')",
    "neighbour": "os.path.exists('data/untracked')",
    "cores": "len(os.sched_getaffinity(0))",
}
if available_cores() == 1 or not hasattr(os, "sched_getaffinity"):
    del LEAKS["cores"]  # there is no other number of them to build with
MAKE = f"""\
import locale, os, sys, time
from pathlib import Path
known = {{"packed": 0, {", ".join(f"{name!r}: {code}" for name, code in LEAKS.items())}}}
for name in sys.argv[1:]:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(ascii(known[Path(name).name]), encoding="utf-8")
"""


def commit(root):
    for words in (("add", "--all"), (*WHO, "commit", "--quiet", "--message", "x")):
        subprocess.run(["git", *words], cwd=root, check=True, capture_output=True)


def build(root):
    dvc = Path(sys.executable).with_name("dvc")
    path = f"{dvc.parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        [dvc, "repro", "pretrain@tiny"],
        cwd=root,
        env={**os.environ, "PATH": path, "WHATEVER": "1"},
        check=True,
        capture_output=True,
    )


def make_house(root, leaks):
    """Make a repository of two cheap stages, built and committed; the second leaks."""
    outs = [f"build/${{key}}/{leak}" for leak in leaks]
    graph = GRAPH.replace("LEAKS", " ".join(outs))
    (root / "dvc.yaml").write_text(graph.replace("LISTED", json.dumps(outs)))
    (root / "scripts").mkdir()
    (root / "scripts/make.py").write_text(MAKE)
    (root / "scripts/host_stamp.py").write_text("")
    (root / "data").mkdir()
    (root / "data/untracked").touch()
    (root / ".dvc").mkdir()
    shutil.copy(REPO / ".dvc/config", root / ".dvc/config")
    (root / ".gitignore").write_text("/build/\n/data/\n/.dvc/*\n!/.dvc/config\n")
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    build(root)
    commit(root)
    return root


@pytest.fixture
def elsewhere(monkeypatch, tmp_path_factory):
    """Where clones are made; only what a failure leaves behind stays there."""
    folder = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def verify(root):
    return verify_build("tiny", lambda _: None, root=root)


# --- whole builds ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_depends_on_what_is_declared_comes_out_the_same(project, elsewhere):
    make_house(project, ["packed"])

    assert verify(project) == "tiny: all 2 results of 2 stages are the same bytes"
    assert list(elsewhere.iterdir()) == []


@pytest.mark.slow
def test_each_thing_that_is_varied_is_found_where_a_result_knows_it(
    project, elsewhere, monkeypatch
):
    monkeypatch.setattr("alm.project.verify.why_not_here", lambda *_: None)
    make_house(project, LEAKS)

    with pytest.raises(IntegrityError) as caught:
        verify(project)

    said = str(caught.value)
    assert "the first stage with another result is pretrain@tiny\n" in said
    assert f"expected the {len(LEAKS) + 1} results" in said
    found = {line.split()[0] for line in said.splitlines() if line.endswith(" differs")}
    assert found == {f"build/tiny/{leak}" for leak in LEAKS}
    (kept,) = elsewhere.iterdir()
    assert f"the other build lies in {kept}/" in said


def test_an_interrupted_build_leaves_nothing_behind(project, elsewhere, monkeypatch):
    def interrupt(*_):
        assert len(list(elsewhere.iterdir())) == 1
        raise KeyboardInterrupt

    monkeypatch.setattr("alm.project.verify.read_expected", lambda *_: {})
    monkeypatch.setattr("alm.project.verify._build", interrupt)
    subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
    commit(project)

    with pytest.raises(KeyboardInterrupt):
        verify(project)

    assert list(elsewhere.iterdir()) == []


def test_a_build_that_fails_stays_to_be_looked_at(project, elsewhere, monkeypatch):
    monkeypatch.setattr("alm.project.verify.read_expected", lambda *_: {})
    subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
    commit(project)

    with pytest.raises(AlmError, match=r"python scripts/host_stamp.py failed in a clone"):
        verify(project)

    assert len(list(elsewhere.iterdir())) == 1


# --- the comparison -------------------------------------------------------------------------------

NUMERICS = {"device": "cpu", "torch": "2"}


def locked(model="m", packed="p", stamp=None):
    """Return a lock of two stages, whose results have these digests."""
    deps = {STAMP.as_posix(): stamp} if stamp else {}
    return {
        "pack@synthetic": LockedStage("pack@synthetic", "x", deps, {}, {"packed": packed}),
        "pretrain@tiny": LockedStage("pretrain@tiny", "x", {}, {}, {"model": model}),
    }


@pytest.fixture
def compare(project, tmp_path_factory, monkeypatch):
    """Compare two locks of builds, of which the one here is committed, on another kind of CPU."""
    monkeypatch.setattr("alm.project.verify.compare_builds", lambda *_: "named")
    monkeypatch.setattr("alm.project.verify.why_not_here", lambda *_: "this is a Mac")
    there = tmp_path_factory.mktemp("there")
    (project / LOCK).write_text("committed")
    subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
    commit(project)

    def go(expected, built, here=NUMERICS, there_too=NUMERICS):
        for root, numerics in ((project, here), (there, there_too)):
            write_json(root / "reports/tiny/pretrain.json", {"numerics": numerics})
        return Comparison(
            preset="tiny", expected=expected, built=built, here=project, there=there
        ).describe()

    go.here = project
    return go


def test_equal_locks_are_equal_builds(compare):
    assert compare(locked(), locked()) == "tiny: all 2 results of 2 stages are the same bytes"


def test_a_model_of_another_kind_of_machine_is_excused(compare):
    said = compare(locked(), locked(model="x"))

    assert said == (
        "tiny: 1 of 2 results are others, from pretrain@tiny on, which is no error here: "
        "this is a Mac"
    )


def test_a_model_that_must_be_the_same_here_is_not_excused(compare, monkeypatch):
    monkeypatch.setattr("alm.project.verify.why_not_here", lambda *_: None)

    with pytest.raises(IntegrityError, match="found 1 others: model\nnamed\n"):
        compare(locked(), locked(model="x"))


def test_a_model_that_was_built_here_and_not_committed_is_not_excused(compare):
    (compare.here / LOCK).write_text("built here")

    with pytest.raises(IntegrityError, match="found 1 others"):
        compare(locked(), locked(model="x"))


def test_a_model_that_was_trained_here_is_not_excused(compare):
    write_json(compare.here / ".state/tiny/0123/fingerprint.json", {})

    with pytest.raises(IntegrityError, match="found 1 others"):
        compare(locked(), locked(model="x"))


def test_a_model_of_another_torch_is_excused_wherever_it_was_trained(compare):
    write_json(compare.here / ".state/tiny/0123/fingerprint.json", {})

    said = compare(locked(), locked(model="x"), there_too={"device": "cpu", "torch": "3"})

    assert "no error here: dvc.lock was made with other numerics (torch 2, now 3)" in said


def test_a_portable_model_has_the_excuse_of_another_torch_alone(compare):
    write_json(compare.here / ".state/tiny/0123/fingerprint.json", {})
    here = {"mode": "portable", "device": "cpu", "torch": "2", "cpu_capability": "DEFAULT"}
    models = locked(), locked(model="x")

    assert "(torch 2, now 3)" in compare(*models, here, {**here, "torch": "3"})
    with pytest.raises(IntegrityError, match="found 1 others"):
        compare(*models, here, {**here, "cpu_capability": "AVX2"})


def test_a_model_of_a_gpu_is_excused(compare):
    gpu = {"device": "cuda", "torch": "2"}

    assert "no error here: on cuda" in compare(locked(), locked(model="x"), gpu, gpu)


@pytest.mark.parametrize("numerics", [NUMERICS, {"device": "cuda", "torch": "3"}])
def test_text_is_never_excused(compare, numerics):
    with pytest.raises(IntegrityError, match="found 2 others"):
        compare(locked(), locked(packed="x", model="x"), NUMERICS, numerics)


def test_text_of_another_python_is(compare):
    said = compare(locked(stamp="3.11"), locked(packed="x", stamp="3.12"))

    assert "dvc.lock was made with another Python" in said


def test_a_result_that_was_not_made_at_all_is_another(compare, monkeypatch):
    monkeypatch.setattr("alm.project.verify.why_not_here", lambda *_: None)
    built = locked()
    built["pretrain@tiny"].outs.clear()

    with pytest.raises(IntegrityError, match="found 1 others: model"):
        compare(locked(), built)

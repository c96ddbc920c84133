import subprocess
import sys
from pathlib import Path

import pytest

from alm.errors import AlmError, InputError
from alm.project.prune import prune_cache

DVC = Path(sys.executable).with_name("dvc")
GRAPH = """\
stages:
  make:
    foreach: ${presets}
    do:
      cmd: mkdir -p build/${key} && yes ${item} | head -c 100000 > build/${key}/file
      params:
        - presets.${key}
      outs:
        - build/${key}
"""


def dvc(root, *arguments):
    subprocess.run([DVC, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def built(tmp_path):
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text("[core]\n    analytics = false\n")
    (tmp_path / "dvc.yaml").write_text(GRAPH)
    (tmp_path / "params.yaml").write_text("presets: {a: one, b: two}\n")
    dvc(tmp_path, "repro")
    return tmp_path


@pytest.mark.slow
def test_former_outputs_go_and_those_of_every_preset_stay(built):
    (built / "params.yaml").write_text("presets: {a: another, b: two}\n")
    dvc(built, "repro", "make@a")

    message = prune_cache(built)
    subprocess.run(["rm", "-r", built / "build"], check=True)
    dvc(built, "checkout")

    assert "freed 0.1 MB of 0.3 MB" in message
    assert (built / "build" / "a" / "file").read_text().startswith("another")
    assert (built / "build" / "b" / "file").read_text().startswith("two")


def test_a_cache_that_other_clones_share_is_not_touched(built, tmp_path_factory):
    shared = tmp_path_factory.mktemp("shared")
    dvc(built, "cache", "dir", "--local", str(shared))

    with pytest.raises(InputError, match="other clones"):
        prune_cache(built)


def test_a_folder_without_dvc_says_what_dvc_says(tmp_path):
    with pytest.raises(AlmError, match="dvc cache dir failed"):
        prune_cache(tmp_path)

"""What each stage of a whole build read, wrote, ran and asked for, beside what it declares."""

import json
import os
import sys
import sysconfig
import tempfile
from pathlib import Path

import pytest

from alm.config import Stage
from alm.config.yaml import read_yaml

pytestmark = pytest.mark.slow

TEXT = ("ingest", "normalize", "dedup", "filter", "tokenizer", "pack")
MODEL = ("pretrain", "evaluate", "quantize", "sample", "report")
STAGES = [f"{name}@synthetic" for name in TEXT] + [f"{name}@tiny" for name in MODEL]
CONFIGURATION = ("params.yaml", "dvc.yaml", "configs")  # params are compared by themselves
OWN = (".state", ".dvc/tmp")
CODE = "src"  # read whole, to know parts that former code left; what is imported counts
INSTALLED = Path(__file__).parents[2] / CODE
SYSTEM = ("/dev", "/etc", "/proc", "/sys", "/usr", "/lib", "/lib64", "/opt", "/tmp/torchinductor")


@pytest.fixture(scope="module")
def seen(built_house, micro_house):
    """Return a function from a stage to what its processes did."""

    def find(stage):
        house = micro_house if stage.endswith("@synthetic") else built_house
        logs = sorted(house.watched.glob(f"{stage}.*.jsonl"))
        assert logs, f"{stage} left no list"
        lines = [line for log in logs for line in log.read_text().splitlines()]
        return house, [tuple(json.loads(line)) for line in lines]

    return find


@pytest.fixture(params=STAGES)
def watched(request, seen):
    house, entries = seen(request.param)
    name, key = request.param.split("@")
    return house, Stage.load(name, key, house.root), entries


def is_below(path, places):
    return any(path == place or place in path.parents for place in map(Path, places))


def inside(house, entries, kind):
    """Return what was read or written below the repository, relative to it."""
    paths = {Path(path) for what, path in entries if what == kind}
    return sorted(path.relative_to(house.root) for path in paths if house.root in path.parents)


def working_names(outs):
    """An output is filled beside its place: its temporary names belong to it."""
    return [Path(f"{out}{suffix}") for out in outs for suffix in ("", ".part", ".parts", ".old")]


def is_code_of_python(path):
    return path.suffix == ".pyc" or "__pycache__" in path.parts or path.name.endswith(".egg-info")


def is_probe_of_python(path):
    """Python's tempfile makes a file of random name to see whether it may, and removes it."""
    return path.parent == Path(tempfile.gettempdir()) and not path.exists()


def test_a_stage_reads_nothing_that_it_does_not_declare(watched):
    house, stage, entries = watched
    declared = [*stage.deps, *working_names(stage.outs), *CONFIGURATION, *OWN, CODE, ".venv"]

    read = inside(house, entries, "read")

    hidden = [
        path
        for path in read
        if not is_below(path, declared)
        and not is_code_of_python(path)
        and (house.root / path).is_file()  # a folder is looked through on the way to one
    ]
    assert hidden == []
    assert read  # something was seen at all


def test_a_stage_imports_nothing_that_it_does_not_declare(watched):
    house, stage, entries = watched

    places = [Path(CODE, *name.split(".")) for what, name in entries if what == "import"]

    files = [
        path.with_suffix(".py") if not (house.root / path).is_dir() else path for path in places
    ]
    assert [path for path in files if not is_below(path, stage.deps)] == []
    assert files


def test_a_stage_writes_nothing_but_its_outputs(watched):
    house, stage, entries = watched

    written = inside(house, entries, "write")

    places = [*working_names(stage.outs), *OWN]
    folders = {part for out in stage.outs for part in out.parents}
    stray = [path for path in written if not is_below(path, places) and path not in folders]
    assert [path for path in stray if not is_code_of_python(path)] == []
    assert written


def test_a_stage_reads_nothing_of_the_users_outside_the_repository(watched):
    house, _, entries = watched
    python = {sys.prefix, sys.base_prefix, *sysconfig.get_paths().values()}
    python |= {os.path.realpath(each) for each in python}
    known = [*SYSTEM, *python, house.root, house.watched, Path(__file__).parent / "watch"]

    outside = {
        path
        for what, path in entries
        if what in ("read", "write")
        and not is_below(Path(path), known)
        and not is_probe_of_python(Path(path))
    }

    assert outside <= {str(INSTALLED)}  # a name on Python's path: listed, and nothing in it read


def test_a_stage_opens_no_socket_and_runs_no_program(watched):
    _, _, entries = watched

    assert [text for what, text in entries if what == "other"] == []


def test_a_stage_looks_at_the_parameters_that_it_declares_and_no_others(watched):
    _, stage, entries = watched
    tracked = {key for key in stage.params.get("params.yaml", ()) if "." not in key}

    looked_at = {name for what, name in entries if what == "param"}

    assert looked_at == tracked


def test_a_section_that_is_tracked_is_tracked_with_its_override():
    stages = read_yaml(Path("dvc.yaml"))["stages"]
    for name, body in stages.items():
        keys = [key for key in body.get("do", {}).get("params", ()) if key != "seed"]
        shared = [key for key in keys if "." not in key]
        own = [key.rsplit(".", 1)[1] for key in keys if "." in key]
        assert sorted(shared) == sorted(own), name

"""A copy of this repository whose tiny preset is made micro: the real graph, in seconds a stage."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from ruamel.yaml import YAML

REPO = Path(__file__).parents[2]
INSTALLED = ".venv/.alm-installed"
WATCH = Path(__file__).parent / "watch"  # a sitecustomize that notes what a stage does
SHAPE = {"d_model": 32, "n_layers": 2, "n_heads": 2, "n_kv_heads": 1, "d_head": 16, "d_ff": 64}
TRAIN = {"tokens": 15360, "batch_size": 4, "micro_batch_size": 4, "validate_every": 10}


@dataclass(frozen=True)
class House:
    """A working copy, and the ways to build and to change it."""

    root: Path

    @property
    def environment(self):
        """The environment of a build: this interpreter first, and nothing of the tests' own."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("ALM_")}
        path = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
        places = f"{self.root / 'src'}{os.pathsep}{WATCH}"
        self.watched.mkdir(exist_ok=True)
        watch = {"PYTHONPATH": places, "WATCH_FOLDER": str(self.watched)}
        return {**kept, "PATH": path, "SHELL": "/bin/sh", **watch}

    @property
    def watched(self):
        """Where every stage leaves a list of what it read, wrote and ran."""
        return self.root.with_name(f"{self.root.name}.watched")

    def start(self, *command, **environment):
        """Start a command in a process group of its own."""
        return subprocess.Popen(
            command,
            cwd=self.root,
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *command, **environment):
        """Run a command to its end; return what it printed."""
        with self.start(*command, **environment) as process:
            output = process.communicate()[0]
        assert process.returncode == 0, output
        return output

    def repro(self, *targets, **environment):
        """Run ``dvc repro`` to its end; return what it printed."""
        return self.run("dvc", "repro", *targets, **environment)

    def stages_run(self, *targets):
        """Build and return the stages that ran, without their preset or corpus."""
        return re.findall(r"Running stage '(\w+)", self.repro(*targets))

    def edit(self, path, change):
        """Change a YAML file in place."""
        yaml = YAML()
        values = yaml.load(self.root / path)
        change(values)
        yaml.dump(values, self.root / path)

    def replace(self, path, old, new):
        """Change a line of code."""
        text = (self.root / path).read_text()
        assert old in text
        (self.root / path).write_text(text.replace(old, new, 1))

    def commit(self):
        """Commit everything that Git tracks or would track."""
        self.run("git", "add", "--all")
        who = ("-c", "user.name=a", "-c", "user.email=a@b")
        self.run("git", *who, "commit", "--quiet", "--message", "all")

    def copy(self, to):
        """Copy everything, what was built included."""
        shutil.copytree(self.root, to, symlinks=True)
        (to / INSTALLED).write_text(f"{to}\n")
        return House(to)


def check_out(root):
    """Copy the files that Git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (REPO / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPO / name, root / name)
    shutil.rmtree(root / "reports", ignore_errors=True)
    (root / "dvc.lock").unlink(missing_ok=True)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    lend_environment(root)
    return House(root)


def lend_environment(root):
    """Give a house this interpreter's packages, in a folder of its own that make may touch."""
    (root / ".venv").mkdir()
    for part in sorted(Path(sys.prefix).iterdir()):
        if part.name != Path(INSTALLED).name:
            (root / ".venv" / part.name).symlink_to(part)
    (root / INSTALLED).write_text(f"{root}\n")


def shrink(house):
    """Make the tiny preset micro: 60 steps of a network of 30,000 weights on a little text."""

    def shrink_recipe(recipe):
        for source in recipe["sources"]:
            source["n_docs"] = 150

    def shrink_shape(shape):
        shape.update(SHAPE)
        shape["moe"].update(n_dense_layers=1, d_expert=32)

    def shrink_params(params):
        tiny = params["presets"]["tiny"]
        tiny["train"].update(TRAIN, save_every=5, log_every=5)
        tiny["data"]["seq_len"] = 64
        tiny["evaluate"] = {"max_bytes": 2000, "batch_size": 4}
        tiny["evaluate"] |= {"task_examples": 2, "task_samples": 1}
        tiny["quantize"] = {"receipt_rows": 2}
        tiny["sample"].update(max_new_tokens=8)
        params["corpora"]["synthetic"]["tokenizer"] = {"vocab_size": 400}

    house.edit("configs/corpora/synthetic.yaml", shrink_recipe)
    house.edit("configs/models/tiny.yaml", shrink_shape)
    house.edit("params.yaml", shrink_params)


@pytest.fixture(scope="session")
def micro_house(tmp_path_factory):
    """A micro house whose corpus is built; take a copy before changing it."""
    house = check_out(tmp_path_factory.mktemp("house"))
    shrink(house)
    house.repro("pack@synthetic", "scratch")
    return house


@pytest.fixture(scope="session")
def built_house(micro_house, tmp_path_factory):
    """A micro house in which everything of the tiny preset is built."""
    house = micro_house.copy(tmp_path_factory.mktemp("built") / "house")
    house.repro("report@tiny")
    return house


@pytest.fixture(scope="session")
def committed_house(built_house, tmp_path_factory):
    """A built house in which all that Git tracks is committed, as ``make verify`` asks for."""
    house = built_house.copy(tmp_path_factory.mktemp("committed") / "house")
    house.commit()
    return house

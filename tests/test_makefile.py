"""The Makefile, with stand-ins for what it calls: each writes down how it was called."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ruamel.yaml import YAML

REPO = Path(__file__).parents[1]
MAKEFILE = (REPO / "Makefile").read_text()
STAGES = YAML(typ="safe").load(REPO / "dvc.yaml")["stages"]
TOOLS = ("python", "dvc", "pytest", "ruff", "pre-commit", "tensorboard")
STAND_IN = """\
#!/bin/sh
echo "$(basename "$0") $*" >> "$CALLS"
case "$*" in *"${FAIL:-no such call}"*) exit 2;; esac
case "$*" in *"--show corpus"*) echo books;; esac
"""
# Stands for python3: makes a virtual environment whose Python is the stand-in above.
MAKES_VENV = """\
#!/bin/sh
case "$*" in
  *"-m venv"*) echo "venv $*" >> "$CALLS"; rm -rf .venv; mkdir -p .venv/bin
               cp stand-in .venv/bin/python;;
esac
"""
OLD_PYTHON = f"""\
#!/bin/sh
exec "{sys.executable}" -c '
import platform, sys
sys.version_info, platform.python_version = (3, 9, 6), lambda: "3.9.6"
exec(sys.argv[1])' "$2"
"""


class Project:
    """A folder with our Makefile, in which every tool is a stand-in."""

    def __init__(self, root):
        self.root = root
        self.calls = root / "calls"
        (root / "Makefile").write_text(MAKEFILE)
        (root / ".git").mkdir()
        for name in ("pyproject.toml", "constraints.txt"):
            (root / name).write_text("")
        self.write("stand-in", STAND_IN)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def install(self):
        for tool in TOOLS:
            self.write(f".venv/bin/{tool}", STAND_IN)
        (self.root / ".venv" / ".alm-installed").write_text(f"{self.root}\n")

    def make(self, *arguments, **environment):
        keep = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
        env = {**keep, "CALLS": str(self.calls), **environment}
        return subprocess.run(
            ["make", *arguments],
            cwd=self.root,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )

    def called(self, *arguments, **environment):
        """Run make and return the calls, in order."""
        done = self.make(*arguments, **environment)
        assert done.returncode == 0, done.stderr
        return self.calls.read_text().splitlines()


@pytest.fixture
def bare(tmp_path):
    return Project(tmp_path)


@pytest.fixture
def project(bare):
    bare.install()
    return bare


def listed_verbs(project):
    return re.findall(r"^  ([a-z-]+) +\S", project.make("help").stdout, re.MULTILINE)


# --- help -------------------------------------------------------------------------------------


def test_help_lists_every_verb(bare):
    declared = project_verbs(bare)

    assert sorted(listed_verbs(bare)) == sorted(declared)


def project_verbs(project):
    """Ask make itself which targets are phony."""
    database = project.make("-pn", "help").stdout
    phony = re.search(r"^\.PHONY: (.*)$", database, re.MULTILINE)[1].split()
    return [name for name in phony if not name.startswith(".")]


def test_help_lists_no_verb_twice(bare):
    verbs = listed_verbs(bare)

    assert len(set(verbs)) == len(verbs)


@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_has_a_verb(bare, stage):
    assert stage in listed_verbs(bare)


def test_help_needs_nothing_installed(bare):
    assert "Build" in bare.make("help").stdout
    assert not (bare.root / ".venv").exists()


# --- the language -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "feature",
    [
        r"\.ONESHELL",
        r"\.RECIPEPREFIX",
        r"\.EXTRA_PREREQS",
        r"&:",
        r"::+=",
        r"!=",
        r"\$\((file|let|intcmp|guile) ",
        r"^\s*(undefine|private|load|define \w+ *=)\b",
    ],
)
def test_make_3_81_can_read_it(feature):
    """MacOS has GNU Make 3.81; these came later."""
    assert not re.search(feature, MAKEFILE, re.MULTILINE)


# --- building ---------------------------------------------------------------------------------


def test_plain_make_builds_tiny_and_sums_up(project):
    assert project.called() == [
        "python scripts/plan.py --consent --preset=tiny",
        "python scripts/host_stamp.py",
        "dvc repro report@tiny",
        "python scripts/summary.py --preset=tiny",
    ]


@pytest.mark.parametrize("stage", ["pretrain", "evaluate", "quantize", "sample", "report"])
def test_a_stage_of_a_model_asks_then_builds_it_alone(project, stage):
    assert project.called(stage, "PRESET=pico") == [
        "python scripts/plan.py --consent --preset=pico",
        "python scripts/host_stamp.py",
        f"dvc repro {stage}@pico",
    ]


@pytest.mark.parametrize("stage", ["ingest", "normalize", "dedup", "tokenizer", "pack"])
def test_a_stage_of_text_builds_the_corpus_that_the_parameters_name(project, stage):
    assert project.called(stage, "PRESET=pico")[-2:] == [
        "python scripts/params.py --show corpus --preset=pico --corpus=",
        f"dvc repro {stage}@books",
    ]


def test_a_corpus_can_be_named_itself(project):
    assert "--corpus=own" in project.called("ingest", "CORPUS=own")[-2]


@pytest.mark.parametrize(
    ("verb", "check"),
    [("repro", "--consent"), ("pretrain", "--consent"), ("pack", "--show corpus")],
)
def test_dvc_is_not_started_on_a_mistake(project, verb, check):
    done = project.make(verb, FAIL=check)

    assert done.returncode == 2
    assert "dvc" not in project.calls.read_text()


def test_a_failed_build_has_no_summary(project):
    done = project.make(FAIL="report@tiny")

    assert done.returncode == 2
    assert "summary" not in project.calls.read_text()


def test_force_redoes_one_stage_from_the_start(project):
    project.write(".venv/bin/dvc", '#!/bin/sh\necho "$* fresh=$ALM_FRESH" >> "$CALLS"\n')

    assert project.called("quantize", "FORCE=1")[-1] == (
        "repro --force --single-item quantize@tiny fresh=1"
    )


def test_consent_reaches_whoever_asks_for_it(project):
    project.write(".venv/bin/python", '#!/bin/sh\necho "yes=$ALM_YES" >> "$CALLS"\n')

    assert project.called("pretrain", "YES=1")[0] == "yes=1"
    project.calls.unlink()
    assert project.called("pretrain")[0] == "yes="


def test_a_device_is_chosen_on_the_command_line_alone(project):
    project.write(".venv/bin/dvc", '#!/bin/sh\necho "device=$ALM_DEVICE" >> "$CALLS"\n')

    assert project.called("pretrain", "DEVICE=cuda", ALM_DEVICE="cpu")[-1] == "device=cuda"
    assert project.called("pretrain", DEVICE="a phone", ALM_DEVICE="cpu")[-1] == "device=cpu"
    assert "phone" not in project.called("bench-train", DEVICE="a phone")[-1]


def test_stages_find_our_python_first_and_run_under_a_plain_shell(project):
    project.write(".venv/bin/dvc", '#!/bin/sh\necho "$(command -v python) $SHELL" >> "$CALLS"\n')

    last = project.called("report", SHELL="/usr/bin/fish")[-1]

    assert last == f"{project.root}/.venv/bin/python /bin/sh"


def test_parallel_make_runs_one_dvc_at_a_time(project):
    busy = '#!/bin/sh\nmkdir busy || echo CLASH >> "$CALLS"\nsleep 0.2\nrmdir busy\n'
    project.write(".venv/bin/dvc", busy)

    assert "CLASH" not in project.called("-j4", "ingest", "pack", "report", "PRESET=tiny")


def test_a_folder_without_git_is_told_what_to_do(project):
    (project.root / ".git").rmdir()

    done = project.make("repro")

    assert done.returncode == 2
    assert "git init" in done.stderr
    assert not project.calls.exists()


# --- sampling ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "prompt", ["Once upon", 'it\'s 5, "ok"', "$HOME `id` $(id) \\n", "a;b|c", "-5"]
)
def test_a_prompt_reaches_the_model_to_the_letter(project, prompt):
    project.write(".venv/bin/python", '#!/bin/sh\nprintf "%s\\n" "$@" >> "$CALLS"\n')

    calls = project.called("sample", "PRESET=pico", f"PROMPT={prompt}", "STATE=latest")

    expected = ["scripts/sample.py", "--preset=pico", f"--prompt={prompt}", "--state=latest"]
    assert calls[-4:] == expected


@pytest.mark.parametrize(
    ("arguments", "option"),
    [(["sample", "STATE=latest"], "PROMPT"), (["blame"], "TEXT")],
)
def test_several_lines_reach_the_script_as_they_are(project, arguments, option):
    """What a person pastes has line ends in it, and may end with one."""
    text = "it's\n  `two`\n\n$lines\n"
    project.write(".venv/bin/python", '#!/bin/sh\nprintf "%s|" "$@" >> "$CALLS"\n')

    project.called(*arguments, f"{option}={text}")

    assert f"--{option.lower()}={text}|" in project.calls.read_text()


def test_a_prompt_in_the_environment_is_somebody_elses(project):
    assert project.called("sample", PROMPT="%n@%m ")[-1] == "dvc repro sample@tiny"


# --- looking ----------------------------------------------------------------------------------


def test_metrics_are_compared_with_a_commit_and_only_where_there_are_any(project):
    assert project.called("metrics", "REV=v1") == ["dvc params diff v1", "dvc metrics diff v1"]

    project.write("reports/tiny/evaluate.json", "{}")
    project.write("reports/tiny/samples.json", "{}")
    project.write("reports/pico/pretrain.json", "{}")

    assert project.called("metrics")[-1] == (
        "dvc metrics diff HEAD --targets reports/pico/pretrain.json reports/tiny/evaluate.json"
    )


@pytest.mark.parametrize(("arguments", "shape"), [(["MODEL=nano"], "nano"), ([], "all")])
def test_one_shape_is_described_or_every_one(project, arguments, shape):
    assert project.called("describe", *arguments) == [f"python scripts/describe.py --model={shape}"]


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (["TASKS=a,b"], "--tasks=a,b"),
        (["TASKS=a*", "INCLUDE=my tasks", "LIMIT=5"], "--tasks=a* --include=my tasks --limit=5"),
        ([], "--tasks="),  # not the number of TASKS that text is cut into
    ],
)
def test_tasks_of_the_harness_are_named_and_no_script_hides_a_module(project, arguments, options):
    called = f"python -P scripts/harness.py --preset=pico {options}"

    assert project.called("lm-eval", "PRESET=pico", *arguments) == [called]


def test_twins_are_trained_on_the_packed_corpus_of_the_preset(project):
    assert project.called("twins", "PRESET=pico", "TOKENS=4000")[-2:] == [
        "dvc repro scratch pack@books",
        "python scripts/twins.py --preset=pico --seeds=3 --tokens=4000",
    ]


def test_choices_reach_the_model_from_the_command_line_only(project):
    call = project.called("sample", "PROMPT=x", "MAX=3", "TEMPERATURE=0", N="5")[-1]

    assert call.endswith("--choose max_new_tokens=3 temperature=0")


def test_every_limit_is_a_choice(project):
    limits = ("TOP_K", "TOP_P", "MIN_P", "REPETITION_PENALTY", "PRESENCE_PENALTY")
    limits += ("FREQUENCY_PENALTY",)

    call = project.called("sample", "PROMPT=x", *(f"{name}=1" for name in limits))[-1]

    assert call.endswith("--choose " + " ".join(f"{name.lower()}=1" for name in limits))


def test_a_preset_is_no_shape(project):
    assert "describe takes MODEL=" in project.make("describe", "PRESET=tiny").stderr


def test_choices_without_a_prompt_are_refused(project):
    assert "go with PROMPT=" in project.make("sample", "SEED=3").stderr


def test_a_stage_is_asked_about_with_its_preset_and_corpus(project):
    called = "why.py --preset=pico --corpus= --stage=pretrain"

    assert project.called("why", "STAGE=pretrain", "PRESET=pico")[-1].endswith(called)
    assert project.called("why", "CORPUS=books")[-1].endswith("--corpus=books --stage=report")


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ([], ""),
        (["FRESH=1", "CPU=EPYC"], " --fresh --cpu=EPYC"),
        (["FRESH=0"], ""),
        (["CPU="], " --cpu="),
    ],
)
def test_a_build_is_verified_with_what_is_asked_for(project, arguments, options):
    call = project.called("verify", "PRESET=pico", *arguments)[-1]

    assert call == f"python scripts/verify.py --preset=pico{options}"


def test_a_processor_of_the_environment_is_none_to_emulate(project):
    """Some shells export CPU."""
    assert project.called("verify", CPU="x86_64")[-1].endswith("--preset=tiny")


def test_a_state_to_adopt_is_no_state_to_sample(project):
    assert project.called("adopt", "STATE=.state/pico/ab")[-1].endswith("--state=.state/pico/ab")


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        ("test", "pytest -m not nightly -x"),
        ("test-fast", "pytest -m not nightly and not slow -x"),
        ("nightly", "pytest -m nightly -x"),
    ],
)
def test_each_kind_of_test_has_a_verb(project, verb, expected):
    assert project.called(verb, "ARGS=-x") == [expected]


# --- setup ------------------------------------------------------------------------------------


@pytest.fixture
def fresh(bare):
    bare.write("python3", MAKES_VENV)
    return bare


def setup(project, *arguments, **environment):
    return project.make("setup", "PYTHON=./python3", *arguments, **environment)


def pip_calls(project):
    return [call for call in project.calls.read_text().splitlines() if "pip install" in call]


def test_setup_installs_under_the_constraints_once(fresh):
    setup(fresh)
    setup(fresh)

    assert pip_calls(fresh) == [
        "python -m pip install --constraint constraints.txt --editable .[dev]"
    ]


def test_a_chosen_index_gives_torch_and_nothing_else(fresh):
    setup(fresh, "TORCH_INDEX=https://example.org/cpu")

    assert pip_calls(fresh)[0] == (
        "python -m pip install --no-deps --index-url https://example.org/cpu "
        "--constraint constraints.txt torch"
    )
    assert "index-url" not in pip_calls(fresh)[1]


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_setup_is_done_again_when_what_it_reads_changes(fresh, name):
    setup(fresh)
    later = time.time() + 5
    os.utime(fresh.root / name, (later, later))
    setup(fresh)

    assert len(pip_calls(fresh)) == 2
    assert fresh.calls.read_text().count("-m venv") == 1  # what is installed already is kept


def test_an_interrupted_setup_is_done_again_from_the_start(fresh):
    assert setup(fresh, FAIL="pip install").returncode == 2
    assert setup(fresh).returncode == 0

    assert fresh.calls.read_text().count("-m venv") == 2
    assert (fresh.root / ".venv" / ".alm-installed").exists()


def test_a_virtual_environment_that_came_with_a_copied_folder_is_made_again(fresh):
    setup(fresh)
    (fresh.root / ".venv" / ".alm-installed").write_text("/where/it/came/from\n")

    assert setup(fresh).returncode == 0

    assert fresh.calls.read_text().count("-m venv") == 2


def test_a_virtual_environment_whose_python_is_gone_is_made_again(fresh):
    setup(fresh)
    python = fresh.root / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python")

    setup(fresh)

    assert fresh.calls.read_text().count("-m venv") == 2


def test_an_old_python_gets_one_line(bare):
    bare.write("bin/python3", OLD_PYTHON)

    done = bare.make("setup", PATH=f"{bare.root}/bin:{os.environ['PATH']}")

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines()[0].startswith(
        "error: expected Python 3.11 or newer as python3, found 3.9.6; install it"
    )
    assert len(done.stderr.splitlines()) == 2  # the other is make's own
    assert not (bare.root / ".venv").exists()


def test_a_missing_python_gets_one_line(bare):
    done = bare.make("repro", "PYTHON=python3-that-is-not-there")

    assert done.returncode == 2
    assert "found none; install it, or name one: make PYTHON=" in done.stderr.splitlines()[0]


# --- the real scripts -------------------------------------------------------------------------


@pytest.fixture
def real(project):
    for name in ("scripts", "configs", "params.yaml", "dvc.yaml"):
        (project.root / name).symlink_to(REPO / name)
    command = f'PYTHONPATH="{REPO / "src"}" exec "{sys.executable}" "$@"'
    project.write(".venv/bin/python", f"#!/bin/sh\n{command}\n")
    return project


@pytest.mark.parametrize(
    ("arguments", "known"),
    [
        (["repro", "PRESET=tinny"], "tiny, pico"),
        (["sample", "PRESET=tinny", "PROMPT=x"], "tiny, pico"),
        (["pack", "CORPUS=a`b$(c)"], "synthetic, stdlib"),
        (["params", "PRESET="], "tiny, pico"),
        (["plan", "PRESET=tinny"], "tiny, pico"),
        (["clean-state", "PRESET=../.."], "tiny, pico"),
        (["pack", "PRESET=tinny"], "tiny, pico"),
        (["pack", "CORPUS=web"], "synthetic, stdlib"),
        (["describe", "MODEL=huge"], "pico, small"),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_ones(real, arguments, known):
    done = real.make(*arguments)

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 2  # the other is make's own
    assert re.search(rf"error: no \w+ '.*'.*{known}", done.stderr.splitlines()[0])
    assert not real.calls.exists()  # DVC was not started


def test_cleaning_removes_what_was_built_and_nothing_else(project):
    for name in ("build/models", "reports/tiny", ".state/tiny", "data/own"):
        (project.root / name).mkdir(parents=True)

    project.make("clean")

    assert not (project.root / "build").exists()
    assert all((project.root / name).exists() for name in ("reports/tiny", ".state/tiny", "data"))


def test_cleaning_states_removes_those_of_one_preset(real):
    for name in ("tiny", "pico", "host"):
        (real.root / ".state" / name).mkdir(parents=True)

    real.make("clean-state", "PRESET=tiny")

    assert sorted(path.name for path in (real.root / ".state").iterdir()) == ["host", "pico"]

import json
import sys

import pytest

from alm.errors import AlmError, ConfigError
from alm.project.cluster import StageCommand, run_in_tasks

NOTE = """\
import json, sys
with open("said.jsonl", "a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
sys.exit("3" in sys.argv)
"""


@pytest.fixture
def command(tmp_path):
    """A stage that notes how it was called; task 3 fails."""
    (tmp_path / "stage.py").write_text(NOTE)
    return StageCommand("pack@words", (sys.executable, "stage.py", "--corpus", "words"), tmp_path)


def said(command):
    return [json.loads(line) for line in (command.root / "said.jsonl").read_text().splitlines()]


def test_command_is_that_of_dvc_yaml_run_by_this_python(project):
    command = StageCommand.of("normalize", "own", project)

    assert command.stage == "normalize@own"
    assert command.root == project
    assert command.words == (
        sys.executable,
        *("scripts/normalize.py", "--corpus", "own"),
        *("--ingested", "build/corpora/own/ingest", "--out", "build/corpora/own/normalize"),
    )


def test_stage_that_reads_the_users_text_is_told_where_it_lies(project, change):
    change("corpora.own.input", "data/books")

    assert StageCommand.of("ingest", "own", project).words[4:6] == ("--input", "data/books")


@pytest.mark.parametrize(
    ("stage", "corpus", "said"), [("pretrain", "own", "text stage"), ("pack", "none", "none")]
)
def test_what_is_no_stage_of_a_corpus_is_refused(stage, corpus, said, project):
    with pytest.raises(ConfigError, match=said):
        StageCommand.of(stage, corpus, project)


def test_rank_becomes_a_share_of_the_work(command):
    command(None, 5, 8)

    assert said(command) == [["--corpus", "words", "--task", "5", "--tasks", "8"]]


def test_failed_task_is_an_error_that_names_it(command):
    with pytest.raises(AlmError, match="pack@words: task 3 of 8"):
        command(None, 3, 8)


def test_without_datatrove_the_error_says_how_to_get_it(command, monkeypatch):
    monkeypatch.setitem(sys.modules, "datatrove.executor", None)
    monkeypatch.setenv("ALM_STATE_DIR", str(command.root))

    with pytest.raises(ConfigError, match=r"pip install .*\[cluster\]"):
        run_in_tasks(command, 2, 1)


@pytest.mark.parametrize(("tasks", "workers"), [(0, 1), (1, 0)])
def test_no_task_and_no_worker_are_refused(tasks, workers, command):
    with pytest.raises(ConfigError, match="at least one"):
        run_in_tasks(command, tasks, workers)

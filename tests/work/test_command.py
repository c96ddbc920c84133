"""Options of a script that runs a step."""

from argparse import ArgumentParser

import pytest

from alm.errors import ConfigError
from alm.work import add_task_options, perform


def parse(*words):
    parser = ArgumentParser()
    add_task_options(parser)
    return vars(parser.parse_args(words))


def test_no_option_means_the_whole_step(step, tmp_path):
    assert perform(step, tmp_path / "out", **parse()).facts["docs_out"] == 59


def test_tasks_then_merge(step, tmp_path, capsys):
    for i in ("0", "1"):
        assert perform(step, tmp_path / "out", **parse("--task", i, "--tasks", "2")) is None
    manifest = perform(step, tmp_path / "out", **parse("--merge"))

    assert manifest.facts["docs_out"] == 59
    assert "task 1 of 2" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [("--task", "0"), ("--tasks", "2"), ("--merge", "--task", "0", "--tasks", "1")],
)
def test_half_a_share_is_refused(step, tmp_path, words):
    with pytest.raises(ConfigError, match="--task with --tasks"):
        perform(step, tmp_path / "out", **parse(*words))

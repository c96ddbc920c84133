"""Shares of a step: any number of tasks, in any order, and then the merge."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from alm.errors import ConfigError, IntegrityError
from alm.work import Share, merge_tasks, run_step, run_task


@pytest.mark.parametrize("tasks", [1, 3, 31])
def test_tasks_and_a_merge_write_what_one_process_does(step, tmp_path, contents, tasks):
    run_step(step, tmp_path / "alone", 1)
    order = list(range(tasks))
    random.Random(7).shuffle(order)

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda i: run_task(step, tmp_path / "out", Share(i, tasks)), order))
    merge_tasks(step, tmp_path / "out")

    assert sum(done) == len(step.units())
    assert contents(tmp_path / "out") == contents(tmp_path / "alone")


def test_a_task_that_ran_already_does_nothing(step, tmp_path):
    assert run_task(step, tmp_path / "out", Share(0, 1)) == len(step.units())
    assert run_task(step, tmp_path / "out", Share(0, 1)) == 0


def test_a_merge_before_the_last_task_names_what_is_absent(step, tmp_path):
    run_task(step, tmp_path / "out", Share(0, 2))

    with pytest.raises(IntegrityError, match="unit 1 first; run the tasks"):
        merge_tasks(step, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_task_that_died_is_run_again_with_another_number_of_tasks(step, tmp_path, contents):
    run_step(step, tmp_path / "alone", 1)
    run_task(step, tmp_path / "out", Share(2, 3))

    for i in range(2):
        run_task(step, tmp_path / "out", Share(i, 2))
    merge_tasks(step, tmp_path / "out")

    assert contents(tmp_path / "out") == contents(tmp_path / "alone")


def test_task_drops_parts_of_another_identity_and_leaves_what_others_work_on(step, tmp_path):
    run_task(step, tmp_path / "out", Share(0, 2))
    own = {path.name for path in (tmp_path / "out.parts").iterdir()}
    under_way = f"{sorted(own)[0][:16]}-0000001.part"
    for name in (under_way, "0" * 16 + "-0000001"):
        (tmp_path / "out.parts" / name).mkdir()

    run_task(step, tmp_path / "out", Share(0, 2))

    assert {path.name for path in (tmp_path / "out.parts").iterdir()} == {*own, under_way}


@pytest.mark.parametrize(("task", "tasks"), [(-1, 2), (2, 2), (0, 0)])
def test_a_share_that_does_not_exist_is_refused(task, tasks):
    with pytest.raises(ConfigError, match="number the tasks from 0"):
        Share(task, tasks)

"""alm in a contest is alm as it trains: its own trainer, stopped between steps."""

from dataclasses import replace

import pytest
from contender import Contender
from ours import TurnLine, build_task, make_noise, run_trainer
from stepping import read_params

from alm.runtime import pin_numerics

CONTENDER = Contender(
    side="alm",
    model="tiny",
    is_mixture=True,
    precision="float32",
    rows=4,
    micro_rows=2,
    seq_len=16,
    run_tokens=1000,
)


class Ended(Exception):  # noqa: N818
    pass


class FewTurns:
    def __init__(self, n):
        self.left = n

    def next(self, **said):
        self.left -= 1
        if self.left == 0:
            raise Ended


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch):
    monkeypatch.setenv("ALM_DEVICE", "cpu")
    monkeypatch.setenv("ALM_THREADS", "1")


def test_every_turn_is_one_optimizer_step_and_no_more():
    params = read_params(CONTENDER)
    numerics = replace(pin_numerics(params.runtime), precision="float32")
    batch, asked = make_noise(params), []

    def batches(step):
        asked.append(step)
        return batch

    task = build_task(params, numerics, n_vocab=1024, batches=batches, steps=100)
    before = {name: tensor.clone() for name, tensor in task.model.state_dict().items()}
    with pytest.raises(Ended):
        run_trainer(task, params, numerics, TurnLine(FewTurns(3)), n_flops=1.0)
    after = task.model.state_dict()
    moved = [name for name in before if not before[name].equal(after[name])]

    assert [step for step in asked if step < 3] == [0, 1, 2]
    assert max(asked) <= 3  # that of the step to come may be on its way
    assert {"embed.weight", "norm.weight"} <= set(moved)


def test_step_has_the_rows_of_the_contest():
    params = read_params(CONTENDER)
    batch = make_noise(params)

    assert (len(batch), batch.seq_len, params.train.grad_accum_steps) == (4, 16, 2)
    assert params.runtime.numerics == "native"

"""CollapseAlarm: quick where experts are left out, silent where they are not, exact on resume."""

from dataclasses import replace

import pytest
import torch

from alm.config import Params
from alm.model import Transformer, balance_loss, init_weights, mean_cross_entropy
from alm.optim import Optimizer
from alm.train.collapse import PATIENCE, CollapseAlarm

TINY = Params.load("tiny")
E, K = 8, 2
EVEN_ME = torch.full((2, E), 100)
IDLE_ME = torch.tensor([[100] * E, [9, 130, 130, 130, 100, 100, 101, 100]])
BUSY_ME = torch.tensor([[310, 70, 70, 70, 70, 70, 70, 70], [100] * E])  # of 400 tokens


def first_alarm(alarm, loads_ME, n_steps=50):
    for step in range(1, n_steps + 1):
        if said := alarm.observe(loads_ME):
            return step, said
    return None, []


def test_expert_without_work_is_told_once():
    alarm = CollapseAlarm(K)

    step, said = first_alarm(alarm, IDLE_ME)

    assert step == PATIENCE <= 50
    assert len(said) == 1
    assert said[0].startswith("expert 0 of mixture 1 has 1.1% of the load, where even is 12.5%")
    assert first_alarm(alarm, IDLE_ME) == (None, [])


def test_expert_that_most_tokens_use_is_told():
    step, said = first_alarm(CollapseAlarm(K), BUSY_ME)

    assert step == PATIENCE
    assert "expert 0 of mixture 0" in said[0]


@pytest.mark.parametrize("loads_ME", [EVEN_ME, torch.zeros(0, 0, dtype=torch.int64)], ids=str)
def test_even_loads_and_no_mixtures_say_nothing(loads_ME):
    assert first_alarm(CollapseAlarm(K), loads_ME) == (None, [])


def test_two_of_two_experts_are_always_even():
    assert first_alarm(CollapseAlarm(2), torch.full((1, 2), 100)) == (None, [])


def test_one_good_step_starts_the_count_anew():
    alarm = CollapseAlarm(K)

    first_alarm(alarm, IDLE_ME, PATIENCE - 1)
    alarm.observe(EVEN_ME)

    assert first_alarm(alarm, IDLE_ME)[0] == PATIENCE


def test_resumed_alarm_goes_off_at_the_same_step():
    alarm = CollapseAlarm(K)
    first_alarm(alarm, IDLE_ME, 20)

    resumed = CollapseAlarm.from_state(K, alarm.to_state())

    assert first_alarm(resumed, IDLE_ME)[0] == PATIENCE - 20
    assert CollapseAlarm.from_state(K, CollapseAlarm(K).to_state()).to_state() == []


# --- on a network that learns ------------------------------------------------------------------


def build(kind):
    mixture = {"router": kind, "n_dense_layers": 1, "n_experts": E, "n_experts_per_token": K}
    moe = replace(TINY.model.moe, **mixture, d_expert=8)
    sizes = {"vocab_size": 64, "d_model": 16, "n_layers": 2, "n_heads": 2, "n_kv_heads": 1}
    config = replace(TINY.model, **sizes, d_head=8, d_ff=24, targets=(), moe=moe)
    model = Transformer(config, 64)
    init_weights(model, 1)
    return model, Optimizer(model.named_parameters(), TINY.optim, torch.float32)


def rows(step):
    """Sixteen rows of a text that can be learnt: each token is a multiple of the last, mod 61."""
    generator = torch.Generator().manual_seed(step)
    first_B1 = torch.randint(1, 61, (16, 1), generator=generator)
    factor_B1 = torch.randint(2, 6, (16, 1), generator=generator)
    tokens = [first_B1]
    for _ in range(16):
        tokens.append(tokens[-1] * factor_B1 % 61)
    return torch.cat(tokens, 1)


def train_until_alarm(kind, n_steps):
    """Train as presets do; return the step of the first alarm, and the last loss."""
    torch.set_num_threads(1)
    (model, optimizer), alarm = build(kind), CollapseAlarm(K)
    weight = 1e-2 if kind == "softmax" else TINY.train.balance_loss
    for step in range(1, n_steps + 1):
        tokens_BT = rows(step)
        hidden_BTD, usage = model(tokens_BT[:, :-1])
        targets_S = tokens_BT[:, 1:].flatten()
        loss = mean_cross_entropy(hidden_BTD.flatten(0, 1), model.head_weight, targets_S)
        (loss + weight * balance_loss(usage.loads_ME, usage.shares_ME)).backward()
        optimizer.step(0.003)
        model.update_selection_biases(usage.loads_ME, TINY.train.bias_rate)
        if alarm.observe(usage.loads_ME):
            return step, loss.item()
    return None, loss.item()


def test_forced_collapse_is_told_within_50_steps(monkeypatch):
    update = Transformer.update_selection_biases

    def force(model, loads_ME, rate):
        update(model, loads_ME, rate)
        model.blocks[1].feed_forward.router.selection_bias[3] = 10.0

    monkeypatch.setattr(Transformer, "update_selection_biases", force)

    step, _ = train_until_alarm("sigmoid", 50)

    assert step is not None


@pytest.mark.parametrize("kind", ["sigmoid", "softmax"])
def test_healthy_steps_say_nothing(kind):
    assert train_until_alarm(kind, 80)[0] is None


@pytest.mark.nightly
@pytest.mark.parametrize("kind", ["sigmoid", "softmax"])
def test_two_thousand_healthy_steps_say_nothing(kind):
    step, last_loss = train_until_alarm(kind, 2000)

    assert step is None
    assert last_loss < 1.5  # of 4.1 at first: it did learn

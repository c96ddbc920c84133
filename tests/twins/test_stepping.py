"""Steps for a clock are the steps of training, and leave nothing behind."""

import torch

from alm.train import Pretraining
from alm.twins.stepping import stepping


def test_steps_train_the_network_as_the_loop_does(plan, checkout, monkeypatch):
    training = plan(seeds=(5,)).trials[0].training
    kept = []
    build = Pretraining._network

    def build_and_keep(self):
        kept.append(build(self))
        return kept[-1]

    monkeypatch.setattr(Pretraining, "_network", build_and_keep)
    files = sorted(checkout.rglob("*"))
    with stepping(training) as step:
        for _ in range(training._steps):
            step()

    assert sorted(checkout.rglob("*")) == files
    training.run()

    stepped, trained = (model.state_dict() for model in kept)
    assert all(torch.equal(stepped[name], trained[name]) for name in trained)

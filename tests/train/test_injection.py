"""A number that is not finite, wherever it arises, reaches no weight, no optimizer, no disk."""

import random
from dataclasses import replace
from itertools import count

import pytest
import torch

from alm.checkpoint.states import whole_states
from alm.train import next_token_loss

N_HARMFUL = 200
SAVE_EVERY = 10  # harmful steps
BAD = (float("nan"), float("inf"), float("-inf"))
PLACES = ("loss", "activation", "gradient")


class Injector:
    """Puts one bad number into one micro-batch: into its loss, an activation or a gradient."""

    def __init__(self, model, seed):
        rng = random.Random(f"injection {seed}")
        self.place, self.bad = PLACES[seed % 3], rng.choice(BAD)
        self.part, self.seen = rng.randrange(2), 0
        self.index = rng.random()
        if self.place == "activation":
            modules = [module for module in model.modules() if not list(module.children())]
            self.hook = rng.choice(modules).register_forward_hook(self.spoil_output)
        elif self.place == "gradient":
            self.hook = rng.choice(list(model.parameters())).register_hook(self.spoil)
        else:
            self.hook = None

    def begin(self):
        """Count a micro-batch; tell whether it is the one."""
        self.seen += 1
        return self.now

    @property
    def now(self):
        return self.seen - 1 == self.part

    def spoil(self, tensor):
        if not self.now:
            return None
        spoilt = tensor.detach().clone() if self.place == "gradient" else tensor.clone()
        spoilt.view(-1)[int(self.index * spoilt.numel())] = self.bad
        return spoilt

    def spoil_output(self, module, inputs, output):
        if isinstance(output, torch.Tensor) and output.is_floating_point():
            return self.spoil(output)
        return None

    def remove(self):
        if self.hook:
            self.hook.remove()


@pytest.fixture
def trainer(build, config):
    config = replace(config, micro_batch_size=2, validate_every=10**6, save_every=10**6)
    return build(objective=Spoiled(), config=config, steps=10**6)


class Spoiled:
    """The usual objective, with an injector at work where there is one."""

    injector = None

    def __call__(self, model, examples):
        if self.injector is None:
            return next_token_loss(model, examples)
        is_now = self.injector.begin()
        loss = next_token_loss(model, examples)
        if is_now and self.injector.place == "loss":
            return replace(loss, value=loss.value * self.injector.bad)
        return loss


def snapshot(trainer):
    state = trainer._state()
    return {
        f"{group}/{name}": tensor.clone()
        for group in ("model", "optimizer")
        for name, tensor in state.tensors[group].items()
    }


def same_bits(a, b):
    return a.keys() == b.keys() and all(
        a[name].numpy().tobytes() == b[name].numpy().tobytes() for name in a
    )


def is_harmless(trainer, injector, before):
    """An activation may be spoilt where nothing depends on it; then the step is a healthy one."""
    return injector.place == "activation" and trainer.progress.guard.skipped == before


def bytes_on_disk(trainer):
    """Save, and return the bytes of what then lies there of weights and moments."""
    trainer.around.store.save(trainer._state())
    state = whole_states(trainer.around.store._root)[-1]
    return [(state / f"{stem}.safetensors").read_bytes() for stem in ("model", "optimizer")]


def spoil_a_step(trainer, seed):
    """Take a step with a bad number in it; return whether it was stopped."""
    skipped = trainer.progress.guard.skipped
    injector = trainer.task.objective.injector = Injector(trainer.task.model, seed)
    trainer.step()
    injector.remove()
    trainer.task.objective.injector = None
    if is_harmless(trainer, injector, skipped):
        return False
    assert trainer.progress.guard.skipped == skipped + 1, (seed, injector.place)
    return True


def test_no_bad_number_reaches_the_state_from_two_hundred_places(trainer, monkeypatch):
    """Where nothing depends on the place, the step is a healthy one, and counts for nothing."""
    said = []
    monkeypatch.setattr(trainer.around.line, "say", said.append)
    trainer.task.model.train()
    trainer.step()
    stopped, seeds = 0, count()
    while stopped < N_HARMFUL:
        seed, looks_at_disk = next(seeds), stopped % SAVE_EVERY == 0
        before, disk = snapshot(trainer), bytes_on_disk(trainer) if looks_at_disk else None
        if spoil_a_step(trainer, seed):
            stopped += 1
            assert same_bits(snapshot(trainer), before), seed
            assert not looks_at_disk or bytes_on_disk(trainer) == disk, seed
        assert all(tensor.isfinite().all() for tensor in snapshot(trainer).values()), seed
        trainer.step()

    assert len(said) == stopped == trainer.progress.guard.skipped == 200
    assert all("not finite" in line for line in said)
    assert next(seeds) <= 1.2 * N_HARMFUL
    assert not same_bits(snapshot(trainer), before)  # healthy steps between them did train


def test_a_state_saved_after_a_bad_step_is_the_one_from_before_it(trainer):
    trainer.task.model.train()
    trainer.step()
    before = snapshot(trainer)

    trainer.task.objective.injector = Injector(trainer.task.model, 0)
    trainer.step()
    trainer.around.store.save(trainer._state())

    saved = trainer.around.store.load_latest()
    found = {f"{g}/{n}": t for g in ("model", "optimizer") for n, t in saved.tensors[g].items()}
    assert same_bits(found, before)

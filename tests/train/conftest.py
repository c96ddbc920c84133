"""A network and a corpus small enough to train hundreds of steps in a test."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from alm.checkpoint import StateStore
from alm.config import Params
from alm.data import Batch
from alm.model import Transformer, init_weights
from alm.optim import Optimizer
from alm.runtime import Numerics, StopRequest
from alm.runtime.board import Board
from alm.runtime.console import ProgressLine
from alm.train import Trainer, Validation, next_token_loss
from alm.train.trainer import Surroundings, Task

TINY = Params.load("tiny")
MICRO = replace(
    TINY.model,
    vocab_size=320,
    d_model=16,
    n_layers=2,
    n_heads=2,
    n_kv_heads=1,
    d_head=8,
    d_ff=24,
    targets=(),
    moe=replace(TINY.model.moe, n_dense_layers=1, n_experts=4, d_expert=8),
)
SEQ_LEN = 8


class CountingRows:
    """Rows that count upwards: the next token is always the last one plus one."""

    def __init__(self, n_rows):
        self.n_rows = n_rows

    def __len__(self):
        return self.n_rows

    def batch(self, indices):
        tokens_BT = (np.asarray(indices)[:, None] + np.arange(SEQ_LEN + 1)) % 50
        shape = (len(tokens_BT), SEQ_LEN)
        return Batch(tokens_BT, np.zeros(shape, np.int32), np.ones(shape, bool))


@pytest.fixture
def numerics():
    return Numerics(
        mode="test", device="cpu", precision="float32", threads=1, cpu_capability="", torch=""
    )


@pytest.fixture
def config():
    return replace(
        TINY.train,
        tokens=1,
        batch_size=4,
        micro_batch_size=4,
        lr=0.02,
        log_every=2,
        validate_every=4,
        validate_rows=8,
        save_every=3,
        keep_states=2,
    )


@pytest.fixture
def build(tmp_path, numerics, config):
    """Build a trainer on ``tmp_path / name``; objective, batches and config can be replaced."""

    def make(  # noqa: PLR0913
        name="run",
        steps=12,
        objective=next_token_loss,
        batches=None,
        config=config,
        numerics=numerics,
        shape=MICRO,
    ):
        torch.manual_seed(0)
        model = Transformer(shape, 320)
        init_weights(model, 1)
        rows = CountingRows(50)
        task = Task(
            model=model,
            optimizer=Optimizer(model.named_parameters(), TINY.optim, torch.float32),
            objective=objective,
            batches=batches or (lambda step: rows.batch(np.arange(config.batch_size) * 7 + step)),
            validation=Validation(rows, config.validate_rows, 4),
            steps=steps,
            tokens_per_step=config.batch_size * SEQ_LEN,
            bytes_per_token={"train": 1.0, "val": 1.0},
            flops_per_token=float,
        )
        around = Surroundings(
            store=StateStore(tmp_path / name, config.keep_states, print),
            line=ProgressLine("test", steps),
            board=Board(tmp_path / name / "tensorboard"),
            stop=StopRequest(),
        )
        return Trainer(task, config, numerics, around)

    return make

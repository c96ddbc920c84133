"""A checkout with a network, its dense twins and a corpus, small enough to train in no time."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from alm.config import Params, Stage
from alm.data import PackedDocument, write_split
from alm.io import Manifest, write_json
from alm.runtime import Numerics
from alm.twins import Campaign, Comparison, Contestant, Interval, Speed
from alm.twins.comparison import Balance, compare_losses
from alm.twins.intervals import mean_interval

REPO = Path(__file__).parents[2]
TINY = Params.load("tiny", REPO)
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
SHAPES = {
    "tiny": MICRO,
    "dense_tiny": replace(MICRO, moe=None),
    "dense_tiny_total": replace(MICRO, moe=None, d_ff=32),
}


@dataclass(frozen=True)
class Vocabulary:
    vocab_size: int = 320
    pad_id: int = 0
    bos_id: int = 1
    eos_id: int = 2
    unk_id: int = 3
    sha256: str = "ab" * 32


def write_packed(root, n_tokens=2000):
    """Pack a document whose tokens count upwards."""
    root.mkdir(parents=True)
    splits = {}
    for split in ("train", "val"):
        document = PackedDocument(np.arange(n_tokens) * 7 % 50, 0, 2 * n_tokens)
        names = write_split(root, split, iter([document]), Vocabulary(), 10**6)
        splits[split] = {"shards": names, "tokens": n_tokens, "docs": 1, "bytes": 2 * n_tokens}
    facts = {
        "tokenizer_sha256": Vocabulary.sha256,
        "vocab_size": 320,
        "splits": splits,
        "sources": [{"name": "a", "licence": "CC0-1.0"}],
    }
    Manifest.write(root, "corpus.packed", params={}, inputs={}, facts=facts)


def write_shape(name, shape):
    values = {**asdict(shape), "targets": list(shape.targets)}
    with Path(f"configs/models/{name}.yaml").open("w") as file:
        YAML().dump(values, file)


def leave_result(trial, loss):
    """Leave what a training would have found."""
    busiest = 0.5 + trial.seed / 100
    loads = [[busiest, 1 - busiest]] if trial.variant.shape.moe else []
    facts = {"steps": 10, "tokens": 320, "numerics": {"threads": 1}, "expert_load": loads}
    write_json(trial.training.paths.metrics, {**facts, "val_loss": loss})


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """Stand in a folder that has parameters, shapes and a packed corpus."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text((REPO / "params.yaml").read_text())
    Path("configs/models").mkdir(parents=True)
    for name, shape in SHAPES.items():
        write_shape(name, shape)
    write_packed(Path("packed"))
    stages = {
        "pack": Stage("pack@x", (), {}, (Path("packed"),)),
        "pretrain": Stage("pretrain@x", (Path("packed"), Path("configs/models/tiny.yaml")), {}, ()),
    }
    monkeypatch.setattr(Stage, "load", lambda name, _: stages[name])
    return tmp_path


@pytest.fixture
def numerics():
    return Numerics(
        mode="test", device="cpu", precision="float32", threads=1, cpu_capability="", torch="2"
    )


@pytest.fixture
def params():
    train = replace(
        TINY.train,
        batch_size=4,
        micro_batch_size=4,
        lr=0.02,
        log_every=4,
        validate_every=100,
        save_every=100,
    )
    data = replace(TINY.data, seq_len=8)
    return TINY.model_copy(update={"model": MICRO, "train": train, "data": data, "seed": 5})


@pytest.fixture
def plan(checkout, params, numerics):
    """Prepare a campaign of ten steps a trial; parts can be replaced."""

    def make(seeds=(5, 6), tokens=320, params=params, numerics=numerics):
        return Campaign.of("tiny", params, numerics, seeds, tokens)

    return make


LOSSES = {"moe": (3.50, 3.52, 3.48), "active": (3.60, 3.61, 3.59), "total": (3.46, 3.48, 3.43)}


@pytest.fixture
def compare():
    """Make a comparison of losses, as if they had been trained for."""

    def make(**losses):
        losses = {**LOSSES, **losses}
        contestants = {
            name: Contestant(
                model=f"{name}_shape",
                n_parameters=15_500_000,
                n_active=8_400_000,
                flops_per_token=51_234_567,
                losses=each,
                loss=mean_interval(each),
            )
            for name, each in losses.items()
        }
        return Comparison(
            preset="pico",
            steps=245,
            tokens=4_014_080,
            seeds=tuple(range(1337, 1337 + len(losses["moe"]))),
            held_out_rows=128,
            numerics={"device": "cpu"},
            contestants=contestants,
            **compare_losses(losses),
            balance=Balance(mean_violation=0.12, worst_violation=0.3, least_load=0.8),
        )

    return make


@pytest.fixture
def speed():
    return Speed(
        tokens_per_second={
            "moe": Interval(4100.0, 4000.0, 4200.0),
            "active": Interval(5000.0, 4900.0, 5100.0),
            "total": Interval(3000.0, 2900.0, 3100.0),
        },
        ratios={"active": Interval(0.82, 0.8, 0.84), "total": Interval(1.37, 1.3, 1.4)},
        turns=7,
        machine="Some CPU, 2 cores, 2 threads, bfloat16, torch 2",
        day="2026-11-21",
    )

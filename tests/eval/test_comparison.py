"""Two models on the same documents."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from alm.checkpoint import ModelSpec, publish_model
from alm.config import EvaluateConfig, ModelConfig, Stage
from alm.errors import ConfigError
from alm.eval.comparison import Contender, DocumentCosts, compare_costs, compare_models, render
from alm.model import Transformer

SHAPE = ModelConfig(
    vocab_size=260,
    d_model=8,
    n_layers=1,
    n_heads=1,
    n_kv_heads=1,
    d_head=8,
    d_ff=8,
    position="rope",
    rope_scaling=None,
    window=None,
    targets=(),
    rope_theta=100.0,
    norm_eps=1e-6,
    tied_embeddings=True,
    moe=None,
)
RNG = np.random.default_rng(0)
SIZES = {"a": RNG.integers(50, 400, 80).tolist(), "b": RNG.integers(50, 400, 40).tolist()}
HARD = {name: RNG.normal(2, 0.6, len(sizes)).clip(0.5) for name, sizes in SIZES.items()}


def make(name="one", better_by=0.0, noise=0.0, seed=1, **changes):
    rng = np.random.default_rng(seed)
    nats = {
        source: (
            np.array(sizes)
            * math.log(2)
            * (HARD[source] - better_by + noise * rng.normal(size=len(sizes)))
        ).tolist()
        for source, sizes in SIZES.items()
    }
    return DocumentCosts(
        **{"name": name, "text_sha256": "ab", "nats": nats, "bytes": SIZES} | changes
    )


def test_the_difference_is_that_of_the_bits_per_byte():
    found = compare_costs(make(), make(better_by=0.25))["total"]

    assert found["b"] - found["a"] == pytest.approx(-0.25)
    assert found["difference"] == pytest.approx(-0.25)
    assert found["documents"] == 120


def test_what_is_hard_for_both_is_no_reason_for_doubt():
    """The documents vary by 0.6 bits, the difference by 0.02: so does its interval."""
    found = compare_costs(make(), make(better_by=0.02, noise=0.02))["total"]

    low, high = found["interval"]
    assert low < -0.02 < high < 0
    assert high - low < 0.02


def test_sources_stand_by_themselves():
    found = compare_costs(make(), make(better_by=0.1))["sources"]

    assert list(found) == ["a", "b"]
    assert found["b"]["documents"] == 40
    assert found["b"]["b_is_better"] == 1.0


def test_a_difference_within_the_noise_is_no_verdict():
    found = compare_costs(make(), make(noise=0.3))

    said = render(found, "one", "two").splitlines()

    assert said[-1] == "which of one and two is better cannot be told from these documents"


@pytest.mark.parametrize(("by", "better"), [(0.1, "two"), (-0.1, "one")])
def test_the_better_one_is_named_whichever_it_is(by, better):
    found = compare_costs(make(), make(better_by=by, noise=0.01))

    assert render(found, "one", "two").splitlines()[-1].startswith(f"{better} needs 0.")


@pytest.mark.parametrize("changes", [{"text_sha256": "cd"}, {"bytes": {"a": [1], "b": [2]}}])
def test_other_documents_are_refused(changes):
    with pytest.raises(ConfigError, match="on the same documents"):
        compare_costs(make(), make(**changes))


@pytest.fixture
def built(corpus, tmp_path, monkeypatch):
    """Two presets' models where stage evaluate looks for them: one uniform, one that is not."""
    documents, packed = corpus
    for name, scale in (("even", 0.0), ("odd", 1.0)):
        model = Transformer(SHAPE, SHAPE.vocab_size)
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.normal_(generator=generator).mul_(scale)
        spec = ModelSpec(
            model=SHAPE, n_vocab=SHAPE.vocab_size, seq_len=8, tokenizer_sha256="ab" * 32
        )
        out = tmp_path / name / "pretrain"
        weights = {"model": model.state_dict()}
        publish_model(out, spec, weights, params={}, inputs={}, code={}, libraries={}, facts={})
    assert (documents.name, packed.name) == ("filter", "packed")

    def load(stage, preset):
        assert stage == "evaluate"
        return SimpleNamespace(deps=(tmp_path / preset / "pretrain", packed, documents))

    monkeypatch.setattr(Stage, "load", load)
    rest = {"tasks": (), "task_examples": 1, "task_samples": 1}
    return EvaluateConfig(max_bytes=1000, limits={}, ngram_orders=(), batch_size=2, **rest)


def test_nothing_is_scored_before_both_are_there(built, monkeypatch):
    load, scored = Stage.load, []

    def load_one(stage, preset):
        if preset == "typo":
            raise ConfigError("no preset")
        return load(stage, preset)

    monkeypatch.setattr(Stage, "load", load_one)
    monkeypatch.setattr(Contender, "score", lambda self, *_: scored.append(self.name))

    with pytest.raises(ConfigError, match="no preset"):
        compare_models("even", "typo", built, "cpu")

    assert scored == []


def test_one_document_of_each_source_is_too_few():
    few = {"bytes": {"a": [100], "b": [90]}, "nats": {"a": [50.0], "b": [40.0]}}
    other = few | {"nats": {"a": [60.0], "b": [45.0]}}

    said = render(compare_costs(make(**few), make(**other)), "one", "two")

    assert said.count("too few documents") == 3


def test_published_models_are_scored_as_their_stage_does(built):
    said = compare_models("even", "odd", built, "cpu").splitlines()

    cost = Contender.read("even", built).score(2, "cpu")
    n_tokens = sum(size + 1 for sizes in cost.bytes.values() for size in sizes)
    assert sum(map(sum, cost.nats.values())) == pytest.approx(n_tokens * math.log(260), rel=1e-5)
    assert said[0].split()[:4] == ["source", "documents", "even", "odd"]
    assert said[-1].startswith("even needs ")

"""Measurement: a published model and its int8 weights, all tasks, and plain data."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from alm.checkpoint import ModelSpec, publish_model, read_spec
from alm.config import EvaluateConfig, PackConfig, TokenizerConfig
from alm.corpus import Document, read_unit, write_documents
from alm.errors import IntegrityError
from alm.eval import evaluate
from alm.infer import Engine
from alm.io import Manifest, new_directory, write_json
from alm.packing import Packing
from alm.quant import quantize_model
from alm.tasks import measure_model
from alm.tasks.measurement import RULE, ask, find_lines, write_json_lines
from alm.tokenizer import Tokenizer, TokenizerTraining, UnitEncoder
from alm.work import run_step

from .conftest import random_model

TASKS = ("copy", "arithmetic", "recall", "json", "samples")
LINE = "One morning the cat sat on the mat, and number {i} of the dogs ran to the park again."
TEXTS = {
    "train": [LINE.format(i=i) for i in range(12)] + ["7 + 4 = 11\n4 - 2 = 2"],
    "val": [LINE.format(i=i) * 3 for i in range(20, 26)],
}
NOTHING = {"params": {}, "inputs": {}, "code": {}, "libraries": {}, "facts": {}}


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Text, tokenizer, shards, a random model and its int8 weights, as the stages leave them."""
    root = tmp_path_factory.mktemp("house")
    documents, tokenizer = root / "filter", root / "tokenizer"
    with new_directory(documents) as directory:
        for split, texts in TEXTS.items():
            lines = [Document(f"{split}{i}", "lines", text, {}) for i, text in enumerate(texts)]
            write_documents(directory / f"{split}.jsonl", lines)
        facts = {"sources": [{"name": "lines", "kind": "text", "licence": "MIT"}]}
        Manifest.write(directory, "corpus.filter", params={}, inputs={}, facts=facts)
    config = TokenizerConfig(
        algorithm="bpe", vocab_size=340, max_vocab_size=512, character_coverage=1.0
    )
    run_step(TokenizerTraining.of(documents, config, read_unit), tokenizer, 1)
    encoder = UnitEncoder.of(tokenizer, read_unit)
    run_step(Packing.of(documents, PackConfig(shard_tokens=1024), encoder, {}), root / "packed", 1)
    vocabulary = Tokenizer.load(tokenizer)
    model = random_model(vocabulary.vocab_size)
    spec = ModelSpec(
        model=model.config,
        n_vocab=vocabulary.vocab_size,
        seq_len=200,
        tokenizer_sha256=vocabulary.sha256,
    )
    publish_model(root / "pretrain", spec, {"model": model.state_dict()}, **NOTHING)
    quantize_model(root / "pretrain", root / "int8", {})
    names = {"model": "pretrain", "documents": "filter"}
    return {
        name: root / names.get(name, name)
        for name in ("model", "int8", "tokenizer", "packed", "documents")
    }


@pytest.fixture
def config():
    return EvaluateConfig(
        max_bytes=1000,
        limits={},
        ngram_orders=(3,),
        batch_size=2,
        tasks=TASKS,
        task_examples=6,
        task_samples=2,
    )


@pytest.fixture
def measure(places, config, sampling):
    """Measure with the config, but for what is named."""

    def run(places=places, **changed):
        params = SimpleNamespace(evaluate=replace(config, **changed), sample=sampling)
        return measure_model(params, **places, device="cpu")

    return run


def test_every_task_that_is_named_has_its_figures(measure, tmp_path):
    found = measure()["tasks"]

    rows = {"copy", "recall", "arithmetic_1", "arithmetic_2", "arithmetic_3"}
    assert found.keys() == {"rule", "questions", "json", "samples"}
    assert found["rule"] == RULE
    assert found["questions"].keys() == rows
    assert found["json"]["n"] == found["samples"]["n"] == 2
    write_json(tmp_path / "found.json", found)
    assert json.loads((tmp_path / "found.json").read_text())


def test_every_share_has_cases_an_interval_and_a_chance(measure):
    for row in measure()["tasks"]["questions"].values():
        assert row["n"] == 6
        for figure in (row["exact"], row["choice"], *row["int8"].values()):
            assert figure["interval"][0] <= figure["value"] <= figure["interval"][1]
        assert row["choice"]["chance"] == 0.25
        assert 0 < row["exact"]["chance"] <= 0.25


def test_bits_per_byte_stand_beside_them_as_ever(measure, places, config):
    found = measure(tasks=("copy",))
    engine = Engine.load(places["model"], places["tokenizer"], "cpu")
    spec = read_spec(places["model"])

    alone = evaluate(engine.model, spec, places["packed"], places["documents"], config)
    assert {name: each for name, each in found.items() if name != "tasks"} == alone


def test_nothing_is_asked_where_nothing_is_named(measure):
    assert measure(tasks=())["tasks"] == {}
    assert measure(tasks=("json",))["tasks"].keys() == {"rule", "json"}


def test_int8_weights_of_another_model_are_refused(measure, places, tmp_path):
    model, n_vocab = tmp_path / "other", Tokenizer.load(places["tokenizer"]).vocab_size
    weights = {"model": random_model(n_vocab, seed=1).state_dict()}
    publish_model(model, read_spec(places["model"]), weights, **NOTHING)
    quantize_model(model, tmp_path / "int8", {})
    places = {**places, "int8": tmp_path / "int8"}

    with pytest.raises(IntegrityError, match="expected the int8 form of the model"):
        measure(places=places, tasks=("copy",))


def test_the_same_again(measure):
    assert measure() == measure()


def test_other_weights_are_compared_question_by_question(engine, config):
    alike = ask(engine, engine.model, config, [])["copy"]
    unlike = ask(engine, random_model(seed=1), config, [])["copy"]

    assert alike["int8"]["same"]["value"] == 1
    assert alike["int8"]["choice"]["value"] == alike["choice"]["value"]
    assert unlike["int8"]["same"]["value"] < 1
    assert unlike["choice"] == alike["choice"]


def test_sums_of_the_training_text_are_told(engine, config):
    many = replace(config, tasks=("arithmetic", "recall"), task_examples=40)
    sums = [f"{a} + {b} = {a + b}" for a in range(10) for b in range(10)]

    found = ask(engine, engine.model, many, ["\n".join(sums).encode(), b"x 10 + 10 = 20"])

    assert 0.25 < found["arithmetic_1"]["seen"] < 0.75  # the other half are differences
    assert found["arithmetic_2"]["seen"] == 0
    assert found["recall"]["seen"] is None


def test_lines_are_found_whole():
    texts = [b"a = 1\nb = 2\n", b"c = 34", "é".encode()]

    assert find_lines({"a = 1", "c = 3", "d", "é"}, texts) == {"a = 1", "é"}
    assert find_lines(set(), texts) == set()


def test_context_without_room_has_no_figures(engine, config, sampling):
    engine.seq_len = 24

    found = ask(engine, engine.model, config, [])["copy"]

    assert (found["n"], found["seen"]) == (0, None)
    assert found["exact"] == {"value": None, "interval": None, "chance": None}
    assert write_json_lines(engine, sampling, 3)["n"] == 0

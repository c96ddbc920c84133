"""Samples: two answers to each prompt, the same every time, with what they copied."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from alm.config import Params
from alm.data import TokenStream
from alm.errors import IntegrityError, ShardError
from alm.infer import Engine, collect_samples, write_samples
from alm.io import Manifest, new_directory

REPO = Path(__file__).parents[2]


@pytest.fixture
def engine(published, corpus):
    return Engine.load(published, corpus / "tokenizer", "cpu")


@pytest.fixture
def train(corpus):
    return TokenStream(corpus / "packed", "train")


def test_each_prompt_is_answered_greedily_and_by_chance(engine, train, make_config):
    config = make_config(prompts=("the cat", "the dog"), max_new_tokens=5)

    found = collect_samples(engine, config, 7, train)["samples"]

    assert [sample["prompt"] for sample in found] == ["the cat", "the dog"]
    for i, sample in enumerate(found):
        greedy = engine.stream(sample["prompt"], config, None).complete()
        sampled = engine.stream(sample["prompt"], config, 7, sequence=i).complete()
        for said, expected in ((sample["greedy"], greedy), (sample["sampled"], sampled)):
            assert said["text"] == expected.text
            assert said["tokens"] == len(expected.ids)
            assert said["finish_reason"] == expected.finish_reason


def test_one_prompt_twice_is_answered_by_other_chances(engine, train, make_config):
    config = make_config(prompts=("the", "the"), temperature=3.0)

    one, two = collect_samples(engine, config, 7, train)["samples"]

    assert one["greedy"] == two["greedy"]
    assert one["sampled"] != two["sampled"]


def test_what_is_copied_is_counted_in_new_tokens(make_script, tokenizer, make_config):
    script = [ord(c) + 6 for c in " sat on"] + [tokenizer.eos_id]
    engine = Engine(make_script(script, n_prompt=8), tokenizer, "cpu", 64)

    class Train:
        n_tokens = 14

        def read(self, start, stop):
            return np.frombuffer(b"the cat sat in"[start:stop], np.uint8).astype(np.uint32) + 6

    found = collect_samples(engine, make_config(prompts=("the cat",)), 7, Train())

    assert found["samples"][0]["greedy"]["copied_tokens"] == len(" sat ")
    assert found["longest_copy"] == 5


def test_two_runs_write_the_same_bytes(published, corpus, tmp_path):
    params = Params.load("tiny", REPO)
    places = {"model": published, "tokenizer": corpus / "tokenizer", "packed": corpus / "packed"}

    for name in ("one.json", "two.json"):
        write_samples(params, **places, out=tmp_path / name, device="cpu")

    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    written = json.loads((tmp_path / "one.json").read_text())
    assert [s["prompt"] for s in written["samples"]] == list(params.sample.prompts)


def test_a_tokenizer_of_another_model_is_refused(published, corpus):
    spec = json.loads((published / "config.json").read_text())
    with new_directory(published.with_name("other")) as other:
        for path in sorted(published.iterdir()):
            (other / path.name).write_bytes(path.read_bytes())
        (other / "config.json").write_text(json.dumps({**spec, "tokenizer_sha256": "f" * 64}))
        (other / "manifest.json").unlink()
        Manifest.write(other, "model.pretrain", params={}, inputs={}, facts={})

    with pytest.raises(IntegrityError, match="expected the tokenizer ffffffffffff that .* found"):
        Engine.load(published.with_name("other"), corpus / "tokenizer", "cpu")


def test_training_tokens_of_another_tokenizer_are_refused(corpus, tmp_path, monkeypatch):
    other = SimpleNamespace(tokenizer=SimpleNamespace(sha256="f" * 64))
    monkeypatch.setattr(Engine, "load", lambda *_: other)
    params = Params.load("tiny", REPO)
    places = {"model": tmp_path, "tokenizer": tmp_path, "packed": corpus / "packed"}

    with pytest.raises(ShardError, match="expected tokens of the vocabulary ffffffffffff, found"):
        write_samples(params, **places, out=tmp_path / "samples.json", device="cpu")

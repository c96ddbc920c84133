"""The directory as a whole: files, names, and that all of it is one model."""

import json

import pytest
from safetensors.numpy import load_file

from alm.export.huggingface import write_huggingface


@pytest.fixture
def directory(exported_of):
    return exported_of().huggingface


def test_it_holds_what_others_look_for(directory):
    assert sorted(path.name for path in directory.iterdir()) == [
        *("README.md", "config.json", "generation_config.json", "model.safetensors"),
        *("tokenizer.json", "tokenizer.model", "tokenizer_config.json"),
    ]


def test_vocabulary_embedding_and_output_have_one_size(directory, tokenizer):
    tensors = load_file(directory / "model.safetensors")
    config = json.loads((directory / "config.json").read_text())
    vocabulary = json.loads((directory / "tokenizer.json").read_text())["model"]["vocab"]

    sizes = {len(tensors[name]) for name in ("model.embed_tokens.weight", "lm_head.weight")}
    assert sizes == {config["vocab_size"]} == {len(vocabulary)} == {tokenizer.vocab_size}


def test_weights_are_ours_bit_for_bit(directory, source_of):
    ours, theirs = (
        load_file(path) for path in (source_of().float_weights, directory / "model.safetensors")
    )
    experts = ours["blocks.1.feed_forward.experts.w_gate_EFD"]

    for i, expert in enumerate(experts):
        found = theirs[f"model.layers.1.mlp.experts.{i}.gate_proj.weight"]
        assert found.tobytes() == expert.tobytes()


def test_bytes_are_the_same_each_time(directory, source_of, tmp_path):
    write_huggingface(tmp_path, source_of())

    for path in sorted(directory.iterdir()):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name

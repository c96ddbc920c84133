"""transformers loads the directory as any user would, and says what it misses."""

import shutil
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

from alm.checkpoint import load_model
from alm.errors import ConfigError, IntegrityError
from alm.export.transformers_peer import TransformersPeer


@pytest.fixture
def change(exported_of, tmp_path):
    """Copy the directory, with its weights changed."""

    def change(edit):
        directory = shutil.copytree(exported_of().huggingface, tmp_path / "huggingface")
        tensors = load_file(directory / "model.safetensors")
        edit(tensors)
        save_file(tensors, directory / "model.safetensors", metadata={"format": "pt"})
        return directory

    return change


def test_a_missing_tensor_is_named(change):
    directory = change(lambda tensors: tensors.pop("model.layers.1.mlp.gate.weight"))

    with pytest.raises(IntegrityError, match="missing keys: model.layers.1.mlp.gate.weight"):
        TransformersPeer.load(directory)


def test_a_tensor_too_many_is_named(change):
    directory = change(lambda tensors: tensors.update({"model.other.weight": torch.ones(2)}))

    with pytest.raises(IntegrityError, match="unexpected keys: model.other.weight"):
        TransformersPeer.load(directory)


def test_its_tokenizer_begins_with_bos_and_takes_typed_symbols_for_text(exported_of, tokenizer):
    peer = TransformersPeer.load(exported_of().huggingface)
    text = "the <|user|> </s>"

    assert peer.encode(text) == [1, *tokenizer.encode(text)]
    assert peer.decode(peer.encode(text)) == text


def test_a_missing_package_is_named_with_its_cure(exported_of, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)

    with pytest.raises(ConfigError, match=r"package transformers.*pip install .*'\.\[export\]'"):
        TransformersPeer.load(exported_of().huggingface)


@pytest.mark.parametrize("shape", ["mixture, tied", "dense, windows", "softmax mixture"])
def test_its_greedy_tokens_are_ours(exported_of, rows, shape):
    """With its own cache, wherever the two likeliest are not as good as equal."""
    exported = exported_of(shape)
    model = load_model(exported.source.paths["model"], "cpu")
    theirs = TransformersPeer.load(exported.huggingface)._model
    prompt = torch.tensor(rows[0][None, :8])
    n_new = exported.source.spec.seq_len - 8

    ids = theirs.generate(prompt, max_new_tokens=n_new, do_sample=False, eos_token_id=None)
    with torch.no_grad():
        logits = model.logits(model(ids).hidden_BTD[0])[7:-1]

    first, second = logits.topk(2).values.T
    clear = first - second > 1e-3
    assert clear.float().mean() > 0.9
    assert (logits.argmax(-1) == ids[0, 8:])[clear].all()

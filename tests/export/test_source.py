"""Only what belongs together is exported."""

import pytest

from alm.errors import ConfigError, IntegrityError
from alm.export.source import Source
from alm.io import Manifest


@pytest.fixture
def paths(tmp_path, publish):
    return publish(tmp_path)


def rewrite(directory, kind, **changes):
    """Write a manifest again with some of it changed."""
    found = Manifest.read(directory, kind)
    kept = {"params": found.params, "inputs": found.inputs, "facts": found.facts}
    Manifest.write(directory, kind, **kept | changes)


def test_all_that_belongs_together_is_read(paths):
    source = Source.read("small", paths)

    assert source.tokenizer.vocab_size == source.spec.n_vocab
    assert source.inputs["model"] == Manifest.read(paths["model"], "model.pretrain").sha256


def test_int8_weights_of_another_model_are_refused(paths):
    rewrite(paths["int8"], "model.int8", inputs={"model": "0" * 64})

    with pytest.raises(IntegrityError, match="int8 form of the model .* found that of 000000"):
        Source.read("small", paths)


@pytest.mark.parametrize(
    ("what", "kind", "facts"),
    [
        ("tokenizer", "tokenizer", {"sha256": "0" * 64}),
        ("packed", "corpus.packed", {"tokenizer_sha256": "0" * 64, "sources": []}),
    ],
)
def test_another_tokenizer_is_refused(paths, what, kind, facts):
    rewrite(paths[what], kind, facts=facts)

    with pytest.raises(IntegrityError, match="expected the tokenizer .* found 000000"):
        Source.read("small", paths)


def test_a_unigram_vocabulary_is_refused(paths):
    rewrite(paths["tokenizer"], "tokenizer", params={"tokenizer": {"algorithm": "unigram"}})

    with pytest.raises(ConfigError, match=r"tokenizer\.algorithm bpe .* found unigram"):
        Source.read("small", paths)


def test_damaged_weights_are_refused(paths):
    path = paths["model"] / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)

    with pytest.raises(IntegrityError, match=r"model\.safetensors: expected"):
        Source.read("small", paths)

"""The model card names what the model was made of."""

import pytest
from safetensors.numpy import load_file

from alm.export.card import render_card
from alm.io import Manifest


@pytest.fixture
def card(source_of):
    return render_card(source_of())


def test_it_begins_with_what_the_hub_reads(card):
    assert card.startswith("---\nlibrary_name: transformers\n")


def test_it_names_sources_and_licences_one_a_row(card):
    assert "| tales | CC0-1.0 |" in card
    assert r"| logs | own \| use |" in card


def test_it_names_the_digests_of_all_that_went_in(card, source_of):
    source = source_of()
    weights = Manifest.read(source.paths["model"], "model.pretrain").files["model.safetensors"]

    digests = [*source.inputs.values(), source.spec.tokenizer_sha256, weights.sha256]
    assert [digest for digest in digests if digest[:12] not in card] == []


def test_it_counts_the_parameters_that_the_file_holds(source_of, card, exported_of):
    tensors = load_file(exported_of().huggingface / "model.safetensors")
    trained = [each.size for name, each in tensors.items() if not name.endswith("_correction_bias")]

    assert f"language model of {sum(trained):,} parameters, " in card


def test_it_tells_shape_and_training(source_of, card):
    model = source_of().spec.model
    assert "| context | 48 tokens |" in card
    assert f"| experts | {model.moe.n_experts} of 32, 2 per token |" in card
    assert "| train loss | 3.25 |" in card


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        ("softmax mixture", "`Qwen3MoeForCausalLM`, which transformers, mlx-lm and llama.cpp (as"),
        ("dense, windows", "`Qwen3ForCausalLM`, which transformers can load as it is."),
    ],
)
def test_it_says_who_can_load_it(source_of, shape, told):
    assert told in render_card(source_of(shape))


def test_a_dense_model_has_no_experts_in_it(source_of):
    card = render_card(source_of("dense"))

    assert "Qwen3ForCausalLM" in card
    assert "expert" not in card

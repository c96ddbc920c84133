"""Every tensor of ours has one name elsewhere, and every name there a tensor of ours."""

import pytest
from gguf import MODEL_ARCH, MODEL_ARCH_NAMES, TensorNameMap

from alm.export.architecture import GLM4_MOE, QWEN3, architecture_of
from alm.export.names import gguf_tensors, huggingface_tensors
from alm.model import Transformer

from .conftest import SHAPES, names_for


@pytest.fixture(params=names_for("transformers"))
def spec(request, make_spec):
    return make_spec(**SHAPES[request.param])


@pytest.mark.parametrize(
    ("target", "list_tensors"),
    [("transformers", huggingface_tensors), ("llama_cpp", gguf_tensors)],
)
def test_every_tensor_of_ours_is_taken_once(make_spec, target, list_tensors):
    for shape in names_for(target):
        spec = make_spec(**SHAPES[shape])
        ours = list(Transformer(spec.model, spec.n_vocab).state_dict())

        tensors = list_tensors(spec.model)

        whole = [each.source for each in tensors if each.source and not each.expert]
        twice = ["embed.weight"] if whole.count("embed.weight") == 2 else []
        assert sorted(whole) == sorted(ours + twice)


def test_an_output_matrix_is_written_where_others_read_one(spec):
    theirs = {each.name: each.source for each in huggingface_tensors(spec.model)}
    is_glm = architecture_of(spec.model) is GLM4_MOE

    expected = "head.weight" if not spec.model.tied_embeddings else None
    expected = expected or ("embed.weight" if is_glm else None)
    assert theirs.get("lm_head.weight") == expected


def test_llama_cpp_converts_the_names_of_the_one_to_those_of_the_other(spec):
    """The table of the gguf package is not ours: a slip in either list shows."""
    ours = architecture_of(spec.model)
    architecture = MODEL_ARCH.QWEN3 if ours is QWEN3 else MODEL_ARCH.GLM4_MOE
    assert MODEL_ARCH_NAMES[architecture] == ours.gguf
    table = TensorNameMap(architecture, spec.model.n_layers)
    sources = {each.source: each.name for each in gguf_tensors(spec.model) if each.source}

    for name, source, expert in huggingface_tensors(spec.model):
        if name.startswith("lm_head") and spec.model.tied_embeddings:
            continue
        if source:
            stacked = name.replace(f"experts.{expert}.", "experts.")
            stacked = stacked.replace("e_score_correction_bias", "e_score_correction.bias")
            assert table.get_name(stacked, (".weight", ".bias")) == sources[source], name

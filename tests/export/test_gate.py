"""The gate lets right exports through, and none of the mistakes that load without a word."""

import dataclasses
import json
import shutil
from contextlib import nullcontext
from types import SimpleNamespace

import gguf
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from alm.errors import ConfigError, IntegrityError
from alm.export import gate, reference
from alm.export.gate import Files, choose_prompts, compare_tokens, cut_prompts, pass_gate
from alm.export.gguf import Format, write_gguf
from alm.export.parity import EXACT, TOLERANCE
from alm.export.reference import Reference
from alm.export.weights import Weights

pytestmark = pytest.mark.usefixtures("llama_cpp")


@pytest.fixture
def few_strings(monkeypatch):
    monkeypatch.setattr(gate, "probe_strings", lambda pieces: ["a", "b <s>", "\u4e00"])


def test_every_kind_of_network_passes(exported_of, rows, shape):
    exported = exported_of(shape)
    passed = pass_gate(exported.source, exported.files, rows)

    tools = {"llama_cpp": "llama.cpp F32", "transformers": "transformers"}
    targets = exported.source.spec.model.targets
    assert passed.facts()["agrees"] == [tools[each] for each in tools if each in targets]
    assert (passed.n_rows, passed.n_strings) == (len(rows), 600)
    for parity in passed.parities.values():
        assert 0 < parity.max_delta <= TOLERANCE


# --- mistakes in the directory --------------------------------------------------------------------


def set_config(**changes):
    def edit(config, tensors):
        config.update(changes)

    return edit


def zero_bias(config, tensors):
    tensors["model.layers.1.mlp.gate.e_score_correction_bias"].zero_()


def swap_gate_and_up(config, tensors):
    names = [f"model.layers.0.mlp.{part}_proj.weight" for part in ("gate", "up")]
    gate, up = (tensors[name] for name in names)
    tensors.update(zip(names, (up, gate), strict=True))


def round_router(config, tensors):
    name = "model.layers.1.mlp.gate.weight"
    tensors[name] = tensors[name].to(torch.bfloat16).float()


HALF = {"rope_type": "default", "rope_theta": 10_000.0, "partial_rotary_factor": 0.5}
IN_DIRECTORY = {
    "selection bias zeroed": zero_bias,
    "gate and up swapped": swap_gate_and_up,
    "router rounded to bfloat16": round_router,
    "half of each head rotated": set_config(partial_rotary_factor=0.5, rope_parameters=HALF),
    "epsilon as transformers has it": set_config(rms_norm_eps=1e-5),
    "no norm of queries and keys": set_config(use_qk_norm=False),
}


@pytest.fixture
def change(exported_of, tmp_path):
    """Copy the directory with a mistake in it."""

    def change(edit):
        directory = shutil.copytree(exported_of().huggingface, tmp_path / "huggingface")
        config = json.loads((directory / "config.json").read_text())
        tensors = load_file(directory / "model.safetensors")
        edit(config, tensors)
        (directory / "config.json").write_text(json.dumps(config))
        save_file(tensors, directory / "model.safetensors", metadata={"format": "pt"})
        return directory

    return change


@pytest.mark.usefixtures("few_strings")
@pytest.mark.parametrize("mistake", IN_DIRECTORY.values(), ids=IN_DIRECTORY.keys())
def test_mistake_in_the_directory_is_seen(exported_of, change, rows, mistake):
    exported = exported_of()

    with pytest.raises(IntegrityError, match=r"expected transformers to .* nothing was published"):
        pass_gate(exported.source, Files(change(mistake), {}), rows)


@pytest.mark.usefixtures("few_strings")
@pytest.mark.parametrize(
    ("name", "wrong", "who"),
    [
        ("tokenizer_config.json", {"split_special_tokens": False}, "transformers to read 3"),
        ("tokenizer.json", {"decoder": {"type": "Fuse"}}, "transformers' decoder to read 3"),
    ],
)
def test_mistake_in_the_tokenizer_is_seen(exported_of, rows, tmp_path, name, wrong, who):
    exported = exported_of()
    directory = shutil.copytree(exported.huggingface, tmp_path / "huggingface")
    values = json.loads((directory / name).read_text())
    (directory / name).write_text(json.dumps(values | wrong))

    with pytest.raises(IntegrityError, match=f"expected {who} .*nothing was published"):
        pass_gate(exported.source, Files(directory, {}), rows)


# --- mistakes in the file -------------------------------------------------------------------------


def patch_read(name_ends, edit):
    """Make a mistake in how one tensor is read."""
    read = Weights.read

    def wrong(self, tensor):
        values = read(self, tensor)
        return edit(values) if tensor.name.endswith(name_ends) else values

    return (Weights, "read", wrong)


def patch_key(method, value):
    """Make a mistake in one key of the file."""
    right = getattr(gguf.GGUFWriter, method)
    return (gguf.GGUFWriter, method, lambda self, _: right(self, value))


def to_bfloat16(values):
    return torch.from_numpy(values).bfloat16().float().numpy()


IN_FILE = {
    "selection bias zeroed": patch_read("exp_probs_b.bias", np.zeros_like),
    "router rounded to bfloat16": patch_read("gate_inp.weight", to_bfloat16),
    "half of each head rotated": patch_key("add_rope_dimension_count", 8),
    "epsilon": patch_key("add_layer_norm_rms_eps", 1e-5),
    "weights not normalised": patch_key("add_expert_weights_norm", False),
    "softmax": patch_key("add_expert_gating_func", gguf.ExpertGatingFuncType.SOFTMAX),
    "a space put before a text": patch_key("add_add_space_prefix", True),
}


@pytest.mark.usefixtures("few_strings")
@pytest.mark.parametrize("mistake", IN_FILE.values(), ids=IN_FILE.keys())
def test_mistake_in_the_file_is_seen(exported_of, rows, tmp_path, monkeypatch, mistake):
    source, path = exported_of().source, tmp_path / "wrong.gguf"
    with Weights.open(source.float_weights, source.spec) as weights, monkeypatch.context() as wrong:
        wrong.setattr(*mistake)
        write_gguf(path, "wrong", weights, source.tokenizer.pieces, Format.F32)

    with pytest.raises(IntegrityError, match=r"expected llama\.cpp .*nothing was published"):
        pass_gate(source, Files(None, {Format.F32: path}), rows)


# --- parts ----------------------------------------------------------------------------------------


def test_without_llama_cpp_transformers_alone_is_asked(exported_of, rows, monkeypatch, few_strings):
    monkeypatch.setattr(gate, "has_llama_cpp", lambda: False)
    exported = exported_of()

    passed = pass_gate(exported.source, exported.files, rows)

    assert passed.facts()["agrees"] == ["transformers"]


def test_what_llama_cpp_alone_could_read_is_not_let_through_without_it(
    exported_of, rows, monkeypatch, few_strings
):
    monkeypatch.setattr(gate, "has_llama_cpp", lambda: False)

    with pytest.raises(ConfigError, match=r"package xllamacpp.*pip install .*'\.\[export\]'"):
        pass_gate(exported_of().source, Files(None, exported_of().ggufs), rows)


def test_nothing_exported_is_nothing_to_compare(exported_of, rows):
    assert pass_gate(exported_of().source, Files(None, {}), rows).facts()["agrees"] == []


def test_prompts_go_from_all_but_one_of_the_context_to_one_token():
    rows = [np.arange(33) + 100 * i for i in range(5)]

    prompts = cut_prompts(rows, seq_len=32)

    assert [len(prompt) for prompt in prompts] == [31, 24, 16, 9, 1]
    assert prompts[3] == list(range(300, 309))
    assert [len(prompt) for prompt in cut_prompts(rows[:1], 32)] == [31]


@pytest.mark.parametrize("undecided", [0.0, 10.0])
def test_no_prompt_is_no_comparison(source_of, rows, monkeypatch, undecided):
    monkeypatch.setattr(reference, "UNDECIDED", undecided)
    ours = Reference.load(source_of().paths["model"])

    with pytest.raises(IntegrityError, match="expected held-out tokens that the router decides"):
        choose_prompts(ours, rows if undecided else [], 32)


@pytest.mark.parametrize(("share", "is_enough"), [(0.45, False), (0.55, True)])
def test_half_of_the_tokens_have_to_be_left_to_compare(rows, share, is_enough):
    def settled(ids):
        return ids[: round(share * len(ids))]

    compared = nullcontext() if is_enough else pytest.raises(IntegrityError, match="found .* of ")
    with compared:
        choose_prompts(SimpleNamespace(settled=settled), rows, 32)


def test_a_string_read_otherwise_is_named():
    with pytest.raises(
        IntegrityError, match=r"expected it to read 2 .* found 1 .*'b': \[2\] became"
    ):
        compare_tokens("it", ["a", "b"], [[1], [2]], [[1], [3]])


def test_bounds_of_a_float32_file_are_the_exact_ones():
    assert dataclasses.astuple(gate.BOUNDS[Format.F32]) == dataclasses.astuple(EXACT)

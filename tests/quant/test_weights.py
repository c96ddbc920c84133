"""quantize_model: which weights change, how much, and that nothing else has a say in the bytes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.numpy import load_file, save

from alm.checkpoint import build_model, read_spec
from alm.errors import IntegrityError
from alm.io import Manifest
from alm.quant import quantize_model, read_dequantized

SRC = Path(__file__).parents[2] / "src"
QUANTIZE = """
import sys, pathlib
from alm.quant import quantize_model
quantize_model(*map(pathlib.Path, sys.argv[1:]), {"src/alm/quant": "ab" * 32})
"""


@pytest.fixture
def int8(publish, model, tmp_path):
    out = tmp_path / "int8"
    quantize_model(publish(model.state_dict()), out, {"src/alm/quant": "ab" * 32})
    return out


def test_matrices_are_int8_and_the_rest_is_as_it_was(int8, model):
    stored = load_file(int8 / "model.int8.safetensors")

    kept = {name for name, values in stored.items() if values.dtype == "float32"}

    assert kept == {name for name, weights in model.state_dict().items() if weights.ndim == 1} | {
        "blocks.1.feed_forward.router.weight"
    }
    for name in kept:
        assert (stored[name] == model.state_dict()[name].numpy()).all()


def test_experts_embedding_and_output_are_among_the_matrices(int8):
    stored = load_file(int8 / "model.int8.safetensors")

    for name in ("experts.w_gate_EFD", "experts.w_up_EFD", "experts.w_down_EDF"):
        assert stored[f"blocks.1.feed_forward.{name}"].dtype == "int8"
    assert {str(v.dtype) for k, v in stored.items() if k.startswith(("embed", "head"))} == {
        "int8",
        "float16",
    }


def test_a_stored_matrix_has_one_scale_for_32_weights(int8, model):
    stored = load_file(int8 / "model.int8.safetensors")

    for name, values in stored.items():
        if values.dtype == "int8":
            assert values.shape == tuple(model.state_dict()[name].shape)
            assert stored[f"{name}.scale"].shape == (*values.shape[:-1], values.shape[-1] // 32)


def test_a_network_is_built_from_what_is_read_back(int8, model, spec):
    quantized = build_model(read_spec(int8), read_dequantized(int8), "cpu")

    assert quantized.config == spec.model
    for name, weights in quantized.state_dict().items():
        step = model.state_dict()[name].abs().max() / 127
        torch.testing.assert_close(
            weights, model.state_dict()[name], rtol=0, atol=(0.57 * step).item()
        )


def test_manifest_counts_matrices_weights_and_bytes(int8):
    manifest = Manifest.read(int8, "model.int8")
    stored = load_file(int8 / "model.int8.safetensors")

    manifest.verify(int8)
    sizes = [values.size for values in stored.values() if values.dtype == "int8"]
    assert manifest.facts["quantized_matrices"] == len(sizes)
    assert manifest.facts["quantized_weights"] == sum(sizes)
    assert manifest.facts["quantized_bytes"] == sum(sizes) * 34 // 32
    assert sorted(manifest.files) == ["config.json", "model.int8.safetensors"]


def test_bytes_depend_on_the_weights_alone(int8, tmp_path):
    again = tmp_path / "again"
    env = {"PYTHONPATH": str(SRC), "PATH": os.environ["PATH"], "PYTHONHASHSEED": "3"}
    env |= {"OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "3"}  # one each in this process

    command = [sys.executable, "-c", QUANTIZE, str(tmp_path / "pretrain"), str(again)]
    subprocess.run(command, env=env, check=True)

    for name in ("config.json", "manifest.json", "model.int8.safetensors"):
        assert (again / name).read_bytes() == (int8 / name).read_bytes()


def test_a_nan_is_refused_by_name_and_leaves_no_directory(publish, model, tmp_path):
    tensors = model.state_dict()
    tensors["blocks.0.attention.q.weight"][3, 3] = float("nan")
    published = publish(tensors)

    with pytest.raises(IntegrityError, match=r"blocks\.0\.attention\.q\.weight: expected finite"):
        quantize_model(published, tmp_path / "int8", {})
    assert not (tmp_path / "int8").exists()


def test_a_matrix_whose_rows_blocks_do_not_divide_stays_as_it_was(publish, model, tmp_path):
    published = publish({**model.state_dict(), "blocks.0.odd": torch.full((4, 40), 0.3)})

    quantize_model(published, tmp_path / "int8", {})

    assert torch.equal(
        read_dequantized(tmp_path / "int8")["blocks.0.odd"], torch.full((4, 40), 0.3)
    )


def test_weights_of_another_type_are_refused(publish, model, tmp_path):
    tensors = {name: weights.half() for name, weights in model.state_dict().items()}
    published = publish(tensors)

    with pytest.raises(IntegrityError, match="expected float32 weights, found float16 in "):
        quantize_model(published, tmp_path / "int8", {})


def damage(path):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def test_a_damaged_model_is_not_quantized(publish, model, tmp_path):
    published = publish(model.state_dict())
    damage(published / "model.safetensors")

    with pytest.raises(IntegrityError, match=r"model\.safetensors: expected .* build it again"):
        quantize_model(published, tmp_path / "int8", {})


def test_a_damaged_result_is_not_read(int8):
    damage(int8 / "model.int8.safetensors")

    with pytest.raises(IntegrityError, match=r"int8\.safetensors: expected .* build it again"):
        read_dequantized(int8)


def seal(directory):
    """Make the manifest fit what lies there, as whoever harmed it could."""
    kept = Manifest.read(directory, "model.int8")
    (directory / "manifest.json").unlink()
    facts = {name: getattr(kept, name) for name in ("params", "inputs", "facts", "libraries")}
    Manifest.write(directory, "model.int8", **facts)


def test_what_is_no_safetensors_file_is_not_read_though_the_manifest_fits(int8):
    (int8 / "model.int8.safetensors").write_bytes(b"PK")
    seal(int8)

    with pytest.raises(IntegrityError, match=r"int8\.safetensors is damaged: .* build it again"):
        read_dequantized(int8)


def test_a_matrix_without_its_scales_is_refused_by_name(int8):
    path = int8 / "model.int8.safetensors"
    tensors = load_file(path)
    del tensors["embed.weight.scale"]
    path.write_bytes(save(tensors))
    seal(int8)

    with pytest.raises(
        IntegrityError, match=r"expected the tensor embed\.weight\.scale, found none"
    ):
        read_dequantized(int8)

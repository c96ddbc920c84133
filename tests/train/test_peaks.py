"""peak_flops: a number for what we know, and none for what only looks alike."""

from dataclasses import replace

import pytest
import torch

from alm.train import peak_flops


@pytest.fixture
def on(monkeypatch, numerics):
    """Ask for the peak on a GPU of some name."""

    def ask(name, device="cuda", precision="bfloat16"):
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda: name)
        return peak_flops(replace(numerics, device=device, precision=precision))

    return ask


@pytest.mark.parametrize(
    ("name", "tera"),
    [
        ("NVIDIA A100-SXM4-80GB", 312),
        ("NVIDIA H100 80GB HBM3", 989.4),
        ("NVIDIA H200", 989.4),
        ("NVIDIA GeForce RTX 4090", 165.2),
    ],
)
def test_known_gpus_have_the_rate_for_dense_matrices(on, name, tera):
    assert on(name) == tera * 1e12


@pytest.mark.parametrize("name", ["NVIDIA A100-SXM4-80GB MIG 1g.10gb", "NVIDIA H20", "Radeon", ""])
def test_others_have_none(on, name):
    assert on(name) is None


@pytest.mark.parametrize(
    ("device", "precision"),
    [("cpu", "bfloat16"), ("cpu", "float32"), ("mps", "float16"), ("cuda", "float32")],
)
def test_neither_has_what_does_not_compute_in_bfloat16_on_cuda(on, device, precision):
    assert on("NVIDIA H200", device, precision) is None

"""peak_bytes: of the place where tensors are."""

import torch

from alm.config import resident_peak_bytes
from alm.runtime.memory import peak_bytes


def test_a_cpu_has_the_peak_of_the_process():
    least = resident_peak_bytes()

    assert least <= peak_bytes("cpu") <= resident_peak_bytes()


def test_a_gpu_has_the_peak_of_its_tensors(monkeypatch):
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: 7)
    monkeypatch.setattr(torch.mps, "driver_allocated_memory", lambda: 9)

    assert (peak_bytes("cuda"), peak_bytes("mps")) == (7, 9)

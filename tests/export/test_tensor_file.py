"""A file written tensor by tensor, read by the library."""

import tracemalloc

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file

from alm.export.tensor_file import write_tensor_file

TENSORS = {
    "z.weight": np.arange(12, dtype=np.float32).reshape(3, 4),
    "a": np.float32([-0.0, 1e-40, 3.5]),
    "the middle": np.ones((2, 3, 4), dtype=np.float32).transpose(2, 0, 1),
}


def write(path, tensors):
    write_tensor_file(path, {k: v.shape for k, v in tensors.items()}, tensors.__getitem__)


def test_the_library_reads_what_was_written(tmp_path):
    write(tmp_path / "x.safetensors", TENSORS)

    found = load_file(tmp_path / "x.safetensors")

    assert list(found) and found.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert found[name].tobytes() == np.ascontiguousarray(tensor).tobytes(), name
        assert found[name].shape == tensor.shape


def test_the_file_says_what_transformers_asks_for_and_is_aligned(tmp_path):
    write(tmp_path / "x.safetensors", TENSORS)

    with safe_open(tmp_path / "x.safetensors", framework="numpy") as file:
        assert file.metadata() == {"format": "pt"}
    size = int.from_bytes((tmp_path / "x.safetensors").read_bytes()[:8], "little")
    assert size % 8 == 0


def test_one_tensor_at_a_time_is_in_memory(tmp_path):
    n, megabyte = 32, 2**20
    shapes = {f"t{i:02}": (megabyte // 4,) for i in range(n)}

    tracemalloc.start()
    write_tensor_file(
        tmp_path / "x.safetensors", shapes, lambda name: np.ones(shapes[name], np.float32)
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (tmp_path / "x.safetensors").stat().st_size > n * megabyte
    assert peak < 4 * megabyte

"""Tensors on disk: same values, same bytes, and damage that is named."""

import pytest
import torch

from alm.checkpoint import read_tensors, write_tensors
from alm.errors import IntegrityError


def test_what_is_written_is_read(tmp_path):
    tensors = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(3, dtype=torch.int64)}

    write_tensors(tmp_path / "x.safetensors", tensors)

    found = read_tensors(tmp_path / "x.safetensors")
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)


def test_bytes_do_not_depend_on_the_order_of_names_or_on_memory_layout(tmp_path):
    matrix = torch.arange(6.0).reshape(2, 3)

    write_tensors(tmp_path / "a", {"x": matrix, "y": matrix + 1})
    write_tensors(tmp_path / "b", {"y": (matrix + 1).T.contiguous().T, "x": matrix})

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_truncated_file_is_refused_by_name(tmp_path):
    write_tensors(tmp_path / "x", {"a": torch.zeros(8)})
    (tmp_path / "x").write_bytes((tmp_path / "x").read_bytes()[:-4])

    with pytest.raises(IntegrityError, match="x is damaged"):
        read_tensors(tmp_path / "x")


def test_absent_file_is_refused_by_name(tmp_path):
    with pytest.raises(IntegrityError, match="cannot read .*gone"):
        read_tensors(tmp_path / "gone")

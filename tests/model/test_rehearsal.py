"""A rehearsal compiles what a run will need, and says in a line why it cannot."""

import pytest
import torch

from alm.model import Transformer, rehearsal
from alm.model.fusion import Kernel
from alm.model.rehearsal import find_compile_failure

pytestmark = pytest.mark.filterwarnings("ignore")  # torch compiles with deprecated parts of its own


class InBfloat16:
    device = "cpu"

    def autocast(self):
        return torch.autocast("cpu", torch.bfloat16)


def test_a_rehearsal_uses_every_kernel(make_config, listed, kernels, tmp_path):
    assert find_compile_failure(make_config(), InBfloat16(), tmp_path, recomputes=False) is None
    assert sorted(listed) == sorted(each.__name__ for each in kernels)


def test_a_rehearsal_for_cuda_compiles_whole_blocks(make_config, tmp_path, monkeypatch):
    """Pretended: the network stays on the CPU."""
    numerics, blocks = InBfloat16(), []
    monkeypatch.setattr(InBfloat16, "device", "cuda")
    monkeypatch.setattr(Transformer, "to", lambda self, device: self)
    monkeypatch.setattr(rehearsal, "compile_blocks", blocks.append)
    monkeypatch.setattr(rehearsal, "_train", lambda model, numerics: blocks.append(model))

    find_compile_failure(make_config(), numerics, tmp_path, recomputes=True)

    compiled, model = blocks
    assert compiled is model.blocks
    assert model.recompute


def test_a_rehearsal_tells_in_a_line_what_went_wrong(make_config, forget, tmp_path, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    monkeypatch.setattr("torch._inductor.config.cpp.cxx", ("no-such-compiler",))

    failure = find_compile_failure(make_config(moe=False), InBfloat16(), tmp_path, recomputes=False)

    assert "compiler" in failure
    assert "\n" not in failure
    assert not Kernel.compiles

"""Small networks whose every weight matters."""

import pytest
import torch

from alm.config import ModelConfig, MoEConfig
from alm.model import Transformer, expert_loop, feed_forward, head_norm, loss, norm
from alm.model.fusion import Kernel

torch.set_num_threads(1)


@pytest.fixture
def make_config():
    """Build a shape of a dense layer and two mixtures; a section or a field can be changed."""

    def make(moe=True, **changes):
        mixture = {
            "router": "sigmoid",
            "n_dense_layers": 1,
            "n_experts": 8,
            "n_experts_per_token": 2,
        }
        mixture |= {"n_shared_experts": 1, "d_expert": 24}
        mixture |= {key: changes.pop(key) for key in list(changes) if key in mixture}
        shape = {"vocab_size": 160, "d_model": 64, "n_layers": 3, "n_heads": 4, "n_kv_heads": 2}
        shape |= {"d_head": 32, "d_ff": 96, "rope_theta": 10_000.0, "norm_eps": 1e-6}
        shape |= {"position": "rope", "rope_scaling": None, "window": None, "targets": ()}
        shape |= {"tied_embeddings": False} | changes
        return ModelConfig(**shape, moe=MoEConfig(**mixture) if moe else None)

    return make


@pytest.fixture
def make_model(make_config):
    """Build a network with random weights, norms and selection biases."""

    def make(config=None, n_vocab=None, seed=0):
        config = config or make_config()
        model = Transformer(config, n_vocab or config.vocab_size)
        randomise(model, seed)
        return model.eval()

    return make


@torch.no_grad()
def randomise(model, seed):
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        noise = torch.randn(tensor.shape, generator=generator)
        if tensor.ndim > 1:
            tensor.copy_(noise * (0.3 if name.endswith("router.weight") else 0.1))
        else:
            tensor.copy_(0.1 * noise if name.endswith("bias") else 1 + 0.2 * noise)
    model.embed.weight.mul_(3)


@pytest.fixture(scope="session")
def kernels():
    """Every kernel of the network."""
    modules = (expert_loop, feed_forward, head_norm, loss, norm)
    found = [x for module in modules for x in vars(module).values() if isinstance(x, Kernel)]
    return list({id(each): each for each in found}.values())


@pytest.fixture
def forget(kernels):
    """Let kernels compile anew in this test, and again in the next."""

    def forget_all():
        torch._dynamo.reset()
        for each in kernels:
            vars(each).pop("_compiled", None)

    forget_all()
    yield
    forget_all()


@pytest.fixture
def listed(monkeypatch, forget):
    """List what would be compiled, and run it as it is."""
    names = []
    monkeypatch.setattr(
        torch, "compile", lambda function, **_: names.append(function.__name__) or function
    )
    return names

"""The optimizer of a run, as its parameters and its machine say."""

import torch

from alm.config import Machine, OptimConfig
from alm.model import Transformer
from alm.optim import Optimizer
from alm.runtime import Numerics


def build_optimizer(model: Transformer, config: OptimConfig, numerics: Numerics) -> Optimizer:
    """Return an optimizer of all weights of ``model``; matrices in bfloat16 where rows are."""
    in_bfloat16 = numerics.precision == "bfloat16"
    ns_dtype = torch.bfloat16 if in_bfloat16 else torch.float32
    return Optimizer(model.named_parameters(), config, ns_dtype, offload=Machine.load().offload)

"""Optimizers and schedules. They see named parameters, never a model's class."""

from alm.optim.groups import ParameterGroups, group_parameters
from alm.optim.muon import Muon
from alm.optim.newton_schulz import orthogonalize
from alm.optim.offload import Offload
from alm.optim.optimizer import Optimizer
from alm.optim.schedule import SCHEDULES, lr_factor

__all__ = [
    "SCHEDULES",
    "Muon",
    "Offload",
    "Optimizer",
    "ParameterGroups",
    "group_parameters",
    "lr_factor",
    "orthogonalize",
]

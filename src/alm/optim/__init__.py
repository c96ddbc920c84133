"""Optimizers and schedules. They see named parameters, never a model's class."""

from alm.optim.groups import ParameterGroups, group_parameters
from alm.optim.muon import Muon, orthogonalize
from alm.optim.optimizer import Optimizer
from alm.optim.schedule import SCHEDULES, lr_factor

__all__ = [
    "SCHEDULES",
    "Muon",
    "Optimizer",
    "ParameterGroups",
    "group_parameters",
    "lr_factor",
    "orthogonalize",
]

"""The one training loop, and what it is given to do."""

from alm.train.losstable import LossTable
from alm.train.objectives import (
    Examples,
    Loss,
    Objective,
    choose_objective,
    next_token_loss,
    next_token_loss_within_documents,
)
from alm.train.optimization import build_optimizer
from alm.train.peaks import peak_flops
from alm.train.pretrain import Paths, Pretraining
from alm.train.progress import Progress
from alm.train.trainer import Surroundings, Task, Trainer
from alm.train.validation import Validation, ValidationResult

__all__ = [
    "Examples",
    "Loss",
    "LossTable",
    "Objective",
    "Paths",
    "Pretraining",
    "Progress",
    "Surroundings",
    "Task",
    "Trainer",
    "Validation",
    "ValidationResult",
    "build_optimizer",
    "choose_objective",
    "next_token_loss",
    "next_token_loss_within_documents",
    "peak_flops",
]

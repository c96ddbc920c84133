"""The one training loop, and what it is given to do."""

from alm.train.losstable import LossTable
from alm.train.objectives import Examples, Loss, Objective, next_token_loss
from alm.train.pretrain import Paths, Pretraining
from alm.train.progress import Progress
from alm.train.trainer import Trainer
from alm.train.validation import Validation, ValidationResult

__all__ = [
    "Examples",
    "Loss",
    "LossTable",
    "Objective",
    "Paths",
    "Pretraining",
    "Progress",
    "Trainer",
    "Validation",
    "ValidationResult",
    "next_token_loss",
]

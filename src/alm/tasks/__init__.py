"""Tasks with known answers: what a model can do, beside what chance would."""

from alm.tasks.measurement import measure_model
from alm.tasks.proportion import Proportion

__all__ = [
    "Proportion",
    "measure_model",
]

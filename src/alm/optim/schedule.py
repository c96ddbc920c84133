"""The learning rate over a run, as a share of its peak."""

import math
from collections.abc import Callable

from alm.config import TrainConfig


def lr_factor(step: int, steps: int, config: TrainConfig) -> float:
    """Return the share of ``config.lr`` that step ``step`` (from 0) of ``steps`` trains with.

    Warm-up rises linearly over ``warmup_fraction`` of the steps and its first step is above zero;
    the schedule's own shape follows, and never falls below ``min_lr_ratio``.
    """
    warmup_steps = round(config.warmup_fraction * steps)
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    height = SCHEDULES[config.schedule](step, steps, warmup_steps, config)
    return config.min_lr_ratio + (1 - config.min_lr_ratio) * height


def _warmup_stable_decay(step: int, steps: int, warmup_steps: int, config: TrainConfig) -> float:
    """Stay at one, then fall linearly to zero at the end of the last step.

    Reference:
        Hu et al. 2024 (MiniCPM, arXiv:2404.06395), section 4, there with an exponential tail; the
        linear one is Hägele et al. 2024 (arXiv:2405.18392), section 3.
    """
    decay_steps = round(config.decay_fraction * steps)
    return min(1.0, max(0, steps - step) / (decay_steps + 1))


def _cosine(step: int, steps: int, warmup_steps: int, config: TrainConfig) -> float:
    """Fall along half a cosine from the end of warm-up to the last step.

    Reference:
        Loshchilov and Hutter 2017 (arXiv:1608.03983), equation 5, without restarts.
    """
    progress = (step - warmup_steps) / max(1, steps - warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * progress))


SCHEDULES: dict[str, Callable[[int, int, int, TrainConfig], float]] = {
    "wsd": _warmup_stable_decay,
    "cosine": _cosine,
}

"""The gradient of one step, added up over its micro-batches.

Dimensions: M mixture layers, E experts.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from torch import Tensor

from alm.config import TrainConfig
from alm.model import Transformer, Usage, balance_loss
from alm.train.feed import MicroBatch
from alm.train.objectives import Objective
from alm.train.scaler import LossScaler


class Sums(NamedTuple):
    """What a step's forward passes come to, still on the device: nobody has waited for it."""

    loss: Tensor  # mean over the step's targets, in nats; scalar, float32; 0 where none counts
    loads_ME: Tensor  # int64, assignments to each expert
    has_targets: bool  # whether any counts
    seq_len: int  # tokens of a row


def accumulate(  # noqa: PLR0913
    model: Transformer,
    objective: Objective,
    micro_batches: Sequence[MicroBatch],
    config: TrainConfig,
    autocast: Callable[[], AbstractContextManager[Any]],
    scaler: LossScaler | None,
) -> Sums:
    """Add a step's gradient to ``grad``, each micro-batch weighing by its targets that count.

    So it is the gradient of the mean over all of the step's targets, however many a micro-batch
    has. The sums are taken in the order of the micro-batches.
    """
    loss_sum: Tensor | None = None
    loads_ME: Tensor | None = None
    for examples, parts in micro_batches:
        with autocast():
            loss = objective(model, examples)
        used_ME = loss.usage.loads_ME
        loads_ME = used_ME if loads_ME is None else loads_ME + used_ME
        share = (loss.value + routing_loss(loss.usage, loads_ME, config)) / parts
        (share if scaler is None else scaler.scale_up(share)).backward()
        term = loss.value.detach() / parts
        loss_sum = term if loss_sum is None else loss_sum + term
    has_targets = any(math.isfinite(each.parts) for each in micro_batches)
    seq_len = micro_batches[0].examples.loss_mask_BT.shape[1]
    return Sums(loss_sum, loads_ME, has_targets, seq_len)


def routing_loss(usage: Usage, loads_ME: Tensor, config: TrainConfig) -> Tensor | float:
    """Return what uneven use of experts and large router logits cost; 0 in a dense network.

    Args:
        usage: of one micro-batch; the gradient goes through its shares and its z-loss.
        loads_ME: of all micro-batches of the step so far, this one included: the first is judged by
            its own, the last by those of the whole step.
        config: the weights of both.
    """
    cost = 0.0
    if config.balance_loss and loads_ME.numel():
        cost = cost + config.balance_loss * balance_loss(loads_ME, usage.shares_ME)
    if config.z_loss and loads_ME.numel():
        cost = cost + config.z_loss * usage.z_loss
    return cost

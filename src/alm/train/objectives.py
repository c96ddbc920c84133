"""What a model is trained to do: functions of (model, examples), interchangeable in the trainer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from alm.data import Batch
from alm.model import Transformer, mean_cross_entropy

IGNORED = -1  # what a target that does not count is to the loss


@dataclass(frozen=True)
class Examples:
    """The rows of one forward pass, on the device where the model is."""

    tokens_BT: Tensor
    """(B, T + 1) int64: the first T are the inputs, the last T the targets."""
    documents_BT: Tensor
    """(B, T) int32: number of each input's document within its row."""
    loss_mask_BT: Tensor
    """(B, T) bool: which targets count."""

    @classmethod
    def of(cls, batch: Batch, device: str) -> Self:
        """Copy a batch to a device."""
        arrays = (batch.tokens_BT, batch.documents_BT, batch.loss_mask_BT)
        return cls(*(torch.from_numpy(array).to(device) for array in arrays))


@dataclass(frozen=True)
class Loss:
    """What one forward pass comes to."""

    value: Tensor
    """Mean negative log-likelihood per target that counts, in nats; scalar, float32."""
    balance: Tensor
    """Load-balancing loss of the mixture layers; scalar, 1 when even."""
    loads_ME: Tensor
    """Tokens per mixture layer and expert."""


Objective = Callable[[Transformer, Examples], Loss]


def next_token_loss(model: Transformer, examples: Examples) -> Loss:
    """Predict every token of a row from those before it; 0 where no target counts."""
    output = model(examples.tokens_BT[:, :-1])
    targets_BT = examples.tokens_BT[:, 1:].masked_fill(~examples.loss_mask_BT, IGNORED)
    value = mean_cross_entropy(
        output.hidden_BTD.flatten(0, 1), model.head_weight, targets_BT.flatten()
    )
    return Loss(value, output.balance_loss, output.loads_ME)

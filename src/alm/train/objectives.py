"""What a model is trained to do: functions of (model, examples), interchangeable in the trainer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from alm.config import DataConfig
from alm.data import Batch
from alm.model import IGNORED, Transformer, Usage, mean_cross_entropy


@dataclass(frozen=True)
class Examples:
    """The rows of one forward pass, on the device where the model is."""

    tokens_BT: Tensor
    """(B, T + 1) int64: the first T are the inputs, the last T the targets."""
    documents_BT: Tensor
    """(B, T) int32: number of each input's document within its row; padding is of none."""
    loss_mask_BT: Tensor
    """(B, T) bool: which targets count."""
    is_token_BT: Tensor | None = None
    """(B, T) bool: which inputs are no padding; None: all."""

    @classmethod
    def of(cls, batch: Batch, device: str) -> Self:
        """Copy a batch to a device; a GPU reads it while the host goes on."""
        arrays = [batch.tokens_BT, batch.documents_BT, batch.loss_mask_BT]
        arrays += [] if batch.is_token_BT.all() else [batch.is_token_BT]
        return cls(*(_copy(array, device) for array in arrays))


@dataclass(frozen=True)
class Loss:
    """What one forward pass comes to."""

    value: Tensor
    """Mean negative log-likelihood per target that counts, in nats; scalar, float32."""
    usage: Usage
    """Of the mixture layers' experts."""


Objective = Callable[[Transformer, Examples], Loss]


def next_token_loss(model: Transformer, examples: Examples) -> Loss:
    """Predict every token of a row from those before it; 0 where no target counts."""
    return _next_token_loss(model, examples, None)


def next_token_loss_within_documents(model: Transformer, examples: Examples) -> Loss:
    """Predict every token from those of its own document before it; 0 where no target counts.

    No token sees padding. A document's first token is predicted from the end of the one before it,
    as the row has it.
    """
    return _next_token_loss(model, examples, examples.documents_BT)


def choose_objective(config: DataConfig) -> Objective:
    """Return what pretraining optimizes: whether a token sees its own document only."""
    return next_token_loss_within_documents if config.document_mask else next_token_loss


def _next_token_loss(model: Transformer, examples: Examples, documents_BT: Tensor | None) -> Loss:
    output = model(
        examples.tokens_BT[:, :-1], documents_BT=documents_BT, is_token_BT=examples.is_token_BT
    )
    targets_BT = examples.tokens_BT[:, 1:].masked_fill(~examples.loss_mask_BT, IGNORED)
    value = mean_cross_entropy(
        output.hidden_BTD.flatten(0, 1), model.head_weight, targets_BT.flatten()
    )
    return Loss(value, output.usage)


def _copy(array: np.ndarray, device: str) -> Tensor:
    """Copy to a device; from pinned memory a GPU fetches it by itself, so nobody waits."""
    tensor = torch.from_numpy(array)
    if device == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)

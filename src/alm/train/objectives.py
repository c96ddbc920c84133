"""What a model is trained to do: functions of (model, rows), interchangeable in the trainer."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from alm.model import Transformer, mean_cross_entropy


@dataclass(frozen=True)
class Loss:
    """What one forward pass comes to."""

    value: Tensor
    """Mean negative log-likelihood per target, in nats; scalar, float32."""
    balance: Tensor
    """Load-balancing loss of the mixture layers; scalar, 1 when even."""
    loads_ME: Tensor
    """Tokens per mixture layer and expert."""


Objective = Callable[[Transformer, Tensor], Loss]


def next_token_loss(model: Transformer, rows_BT: Tensor) -> Loss:
    """Predict every token of a row from those before it.

    Shape:
        rows_BT: int64, (B, T + 1): the first T are the inputs, the last T the targets.
    """
    output = model(rows_BT[:, :-1])
    value = mean_cross_entropy(
        output.hidden_BTD.flatten(0, 1), model.head_weight, rows_BT[:, 1:].flatten()
    )
    return Loss(value, output.balance_loss, output.loads_ME)

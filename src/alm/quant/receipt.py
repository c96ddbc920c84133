"""What int8 saves and what it costs: bytes, loss, and how often the two models disagree.

The loss alone hides the cost, since errors cancel in it: a quantized model may even score better.
The divergence of the distributions and the share of tokens whose likeliest successor is the same do
not cancel, and so stand beside it.

Both models run in float32 whatever the machine prefers: bfloat16 activations would move the
probabilities about as much as the thing to be measured.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from alm.data import Rows, TokenStream
from alm.io import Manifest
from alm.model import Transformer, require_finite
from alm.quant.weights import KIND, SOURCE_KIND, SOURCE_WEIGHTS, WEIGHTS

CHUNK = 128  # tokens whose logits are in memory at once


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """The price of a quantized model, in what was paid and what was got."""

    bytes_float: int
    """Size of the float32 weights file."""
    bytes_int8: int
    """Size of the int8 weights file, scales and unquantized tensors included."""
    bytes_per_weight: float
    """Of the quantized matrices alone."""
    tokens: int
    """Held-out tokens that both models predicted."""
    nll_float: float
    """Mean negative log-likelihood of the float model, in nats per token."""
    nll_int8: float
    delta_nll: float
    """``nll_int8 - nll_float``; above zero where quantizing lost something."""
    kl_divergence: float
    """Mean of KL(float || int8) over the tokens, in nats."""
    same_top1: float
    """Share of tokens where both find the same successor likeliest."""


@dataclass(frozen=True)
class Agreement:
    """Sums over predicted tokens."""

    tokens: int = 0
    nll_float: float = 0.0
    nll_int8: float = 0.0
    divergence: float = 0.0
    same_top1: int = 0

    def __add__(self, other: "Agreement") -> "Agreement":
        """Pool two sets of tokens."""
        return Agreement(
            self.tokens + other.tokens,
            self.nll_float + other.nll_float,
            self.nll_int8 + other.nll_int8,
            self.divergence + other.divergence,
            self.same_top1 + other.same_top1,
        )


def make_receipt(model: Path, out: Path, agreement: Agreement) -> Receipt:
    """Put sizes from the manifests of both directories beside what the models said."""
    quantized = Manifest.read(out, KIND)
    nll_float, nll_int8 = (
        total / agreement.tokens for total in (agreement.nll_float, agreement.nll_int8)
    )
    return Receipt(
        bytes_float=Manifest.read(model, SOURCE_KIND).files[SOURCE_WEIGHTS].bytes,
        bytes_int8=quantized.files[WEIGHTS].bytes,
        bytes_per_weight=quantized.facts["quantized_bytes"] / quantized.facts["quantized_weights"],
        tokens=agreement.tokens,
        nll_float=nll_float,
        nll_int8=nll_int8,
        delta_nll=nll_int8 - nll_float,
        kl_divergence=agreement.divergence / agreement.tokens,
        same_top1=agreement.same_top1 / agreement.tokens,
    )


def held_out_rows(stream: TokenStream, seq_len: int, n_rows: int) -> Iterator[np.ndarray]:
    """Yield ``n_rows`` rows of ``seq_len + 1`` tokens, spread evenly over a split.

    A split with fewer rows gives them all.
    """
    rows = Rows(stream, seq_len)
    n_rows = min(n_rows, len(rows))
    for i in range(n_rows):
        yield rows.rows(np.array([i * len(rows) // n_rows]))[0]


@torch.no_grad()
def compare_models(
    model: Transformer, quantized: Transformer, rows: Iterable[np.ndarray]
) -> Agreement:
    """Run both models over rows of T + 1 tokens, chunk by chunk, and add up what they say."""
    total = Agreement()
    device = next(model.parameters()).device
    for row in rows:
        ids_T = torch.from_numpy(row).to(device)
        hidden_TD, other_TD = (each(ids_T[None, :-1]).hidden_BTD[0] for each in (model, quantized))
        for start in range(0, len(ids_T) - 1, CHUNK):
            part = slice(start, start + CHUNK)
            total += compare_logits(
                require_finite(model.logits(hidden_TD[part])),
                require_finite(quantized.logits(other_TD[part])),
                ids_T[1:][part],
            )
    return total


def compare_logits(logits_SV: Tensor, other_SV: Tensor, targets_S: Tensor) -> Agreement:
    """Compare two predictions of the same tokens, in float64."""
    log_p_SV = logits_SV.cpu().double().log_softmax(-1)
    log_q_SV = other_SV.cpu().double().log_softmax(-1)
    targets_S1 = targets_S.cpu()[:, None]
    return Agreement(
        tokens=len(targets_S),
        nll_float=-log_p_SV.gather(1, targets_S1).sum().item(),
        nll_int8=-log_q_SV.gather(1, targets_S1).sum().item(),
        divergence=(log_p_SV.exp() * (log_p_SV - log_q_SV)).sum().item(),
        same_top1=int((log_p_SV.argmax(-1) == log_q_SV.argmax(-1)).sum()),
    )

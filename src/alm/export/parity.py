"""How far another tool's predictions are from ours, and how far they may be."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from alm.errors import IntegrityError

TOP = 10
TOLERANCE = 1e-4
"""Largest difference of a log-probability, in nats, where both compute in float32."""


@dataclass(frozen=True)
class Bounds:
    """What a comparison must keep to; None where nothing is asked."""

    max_delta: float | None = None
    """Nats. The likeliest ten are then the same, but for ties within twice as much."""
    max_kl: float | None = None
    """Nats, on average."""

    def __str__(self) -> str:
        """Return what is asked."""
        named = {"max |delta log p|": self.max_delta, "KL": self.max_kl}
        return ", ".join(f"{name} {limit:g}" for name, limit in named.items() if limit is not None)


EXACT = Bounds(max_delta=TOLERANCE)


@dataclass(frozen=True, kw_only=True)
class Parity:
    """What was found over a number of predictions."""

    predictions: int
    max_delta: float
    """Largest difference of a log-probability over the whole vocabulary, in nats."""
    same_top10: float
    """Share of predictions whose likeliest ten are the same, in the same order but for ties."""
    same_top1: float
    kl_divergence: float
    """Mean of KL(ours || theirs), in nats."""

    def __str__(self) -> str:
        """Return the figures, rounded, for people."""
        return (
            f"max |delta log p| {self.max_delta:.2g}, KL {self.kl_divergence:.2g}, same first "
            f"{self.same_top1:.2%}, same ten {self.same_top10:.2%} of {self.predictions}"
        )

    def check(self, bounds: Bounds, who: str) -> None:
        """Raise IntegrityError unless the bounds are kept; a NaN keeps none."""
        kept = [
            bounds.max_delta is None or self.max_delta <= bounds.max_delta,
            bounds.max_kl is None or self.kl_divergence <= bounds.max_kl,
        ]
        if not all(kept):
            raise IntegrityError(
                f"expected {who} to predict as alm does, within {bounds}, found {self}; the export "
                "is wrong and nothing was published: please report it"
            )


def compare(pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> Parity:
    """Compare logits of the same predictions, ours first.

    Shape:
        each array (S, V): S predictions over a vocabulary of V. In float32 or more.

    Raises:
        IntegrityError: theirs has another vocabulary.
    """
    found = [_compare(log_softmax(ours_SV), _checked(theirs, ours_SV)) for ours_SV, theirs in pairs]
    delta_S, kl_S, top1_S, top10_S = (np.concatenate(each) for each in zip(*found, strict=True))
    return Parity(
        predictions=len(delta_S),
        max_delta=float(delta_S.max()),
        same_top10=float(top10_S.mean()),
        same_top1=float(top1_S.mean()),
        kl_divergence=float(kl_S.mean()),
    )


def log_softmax(logits_SV: np.ndarray) -> np.ndarray:
    """Return log-probabilities in float64; those of log-probabilities are themselves."""
    x_SV = logits_SV.astype(np.float64)
    x_SV = x_SV - x_SV.max(axis=-1, keepdims=True)
    return x_SV - np.log(np.exp(x_SV).sum(axis=-1, keepdims=True))


def _checked(theirs_SV: np.ndarray, ours_SV: np.ndarray) -> np.ndarray:
    if theirs_SV.shape != ours_SV.shape:
        raise IntegrityError(
            f"expected predictions of shape {ours_SV.shape}, found {theirs_SV.shape}; the export "
            "has another vocabulary and was not published: please report it"
        )
    return log_softmax(theirs_SV)


def _compare(p_SV: np.ndarray, q_SV: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return, for each prediction: largest difference, divergence, same first, same ten."""
    delta_S = np.abs(p_SV - q_SV).max(axis=-1)
    kl_S = (np.exp(p_SV) * (p_SV - q_SV)).sum(axis=-1)
    tops_p, tops_q = (np.argsort(-x, axis=-1, kind="stable")[:, :TOP] for x in (p_SV, q_SV))
    gaps = np.take_along_axis(p_SV, tops_p, -1) - np.take_along_axis(p_SV, tops_q, -1)
    same_ST = (tops_p == tops_q) | (np.abs(gaps) <= 2 * TOLERANCE)
    return delta_S, kl_S, same_ST[:, 0], same_ST.all(axis=-1)

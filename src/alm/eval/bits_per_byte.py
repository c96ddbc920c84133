"""Score held-out documents: nats, and the three units that follow from them.

Each document is coded as its tokens and the end of the document (EOS), given its beginning (BOS).
BOS itself is never scored. The code is self-delimiting: whoever decodes it knows where a document
ends without being told, as does whoever decodes the n-gram models' code of bytes and end.

    loss            nats / tokens, the scored tokens being a document's and its EOS
    perplexity      e ** loss
    bits per byte   nats / ln 2 / bytes of the text in UTF-8: comparable across tokenizers

Totals are sums of nats, tokens and bytes, so every byte counts the same in whichever document it
stands. The network runs in float32 whatever the machine prefers: a result that is compared with
others should not depend on a lower precision.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Self

import numpy as np
import torch

from alm.errors import IntegrityError
from alm.eval.windows import Stream, Window, cut_windows, fill_batch
from alm.model import Transformer, chunked_cross_entropy, require_finite

MOST_NATS = 700  # per token; beyond, the perplexity is no number any more
RULE = (
    "Each document is coded as its tokens and EOS, given BOS; BOS is never scored.",
    "bits_per_byte = nats / ln 2 / UTF-8 bytes of the text; loss = nats / tokens; "
    "perplexity = e^loss.",
    "Documents longer than seq_len are read in windows of seq_len that overlap by half, each token "
    "scored once.",
    "The n-gram models (interpolated modified Kneser-Ney, counted in the train split) code the "
    "same documents as their bytes and an end symbol, and never look across documents.",
    "Of each source all held-out documents are scored, or the first that stay within "
    "evaluate.max_bytes and evaluate.limits, at least one; totals are sums over documents.",
    "interval is where 95 % of 1,000 draws of as many documents lie, drawn with repetition within "
    "each source.",
    "seen is the share of the scored bytes in lines of over 30 bytes that are a line of the "
    "training text too, such as the words of a licence or of a template.",
)
"""A list on purpose: ``dvc metrics`` makes a column of every string, and skips lists."""


@dataclass(frozen=True)
class Score:
    """What coding some documents cost."""

    documents: int
    bytes: int
    seen: int
    """Bytes in lines that stand in the training text too."""
    tokens: int
    nats: float

    @property
    def bits_per_byte(self) -> float:
        """Bits of code per byte of text."""
        return bits_per_byte(self.nats, self.bytes)

    @classmethod
    def total(cls, scores: Iterable[Self]) -> Self:
        """Return the score of all the documents together."""
        each = list(scores)
        return cls(
            documents=sum(score.documents for score in each),
            bytes=sum(score.bytes for score in each),
            seen=sum(score.seen for score in each),
            tokens=sum(score.tokens for score in each),
            nats=math.fsum(score.nats for score in each),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the score in every unit."""
        return {
            "documents": self.documents,
            "bytes": self.bytes,
            "seen": self.seen / self.bytes,
            "tokens": self.tokens,
            "nats": self.nats,
            "loss": self.nats / self.tokens,
            "perplexity": _perplexity(self.nats / self.tokens),
            "bits_per_byte": self.bits_per_byte,
            "bytes_per_token": self.bytes / self.tokens,
        }


def _perplexity(loss: float) -> float:
    if loss >= MOST_NATS:
        raise IntegrityError(
            f"expected a loss below {MOST_NATS} nats per token, found {loss:.6g}: the model "
            "diverged; train it again with a smaller train.lr"
        )
    return math.exp(loss)


def bits_per_byte(nats: float, n_bytes: int) -> float:
    """Return what a code of so many nats costs per byte of text."""
    return nats / math.log(2) / n_bytes


@torch.inference_mode()
def score_documents(
    model: Transformer,
    stream: Stream,
    starts: np.ndarray,
    documents: Sequence[int],
    *,
    seq_len: int,
    batch_size: int,
) -> np.ndarray:
    """Return the nats of each of ``documents``: ``(len(documents),)`` float64.

    Args:
        model: the network, in evaluation mode.
        stream: the packed tokens.
        starts: (n + 1,) where each document begins in the stream, and the end.
        documents: which of them to score.
        seq_len: T, the most tokens that the model sees at once.
        batch_size: windows per forward pass.
    """
    nats = dict.fromkeys(map(int, documents), 0.0)
    windows = cut_windows(starts, documents, seq_len)
    for group in _groups(windows, batch_size):
        ids_BT, targets_BT = fill_batch(stream, group, batch_size, seq_len)
        for window, cost in zip(group, _cost(model, ids_BT, targets_BT), strict=False):
            nats[window.document] += float(cost)
    return np.array([nats[int(document)] for document in documents])


def _cost(model: Transformer, ids_BT: np.ndarray, targets_BT: np.ndarray) -> np.ndarray:
    """Return the nats of each row's targets: (B,) float64."""
    weight_VD = model.head_weight
    ids, targets = (torch.from_numpy(each).to(weight_VD.device) for each in (ids_BT, targets_BT))
    hidden_SD = model(ids).hidden_BTD.flatten(0, 1)
    nll_S = require_finite(chunked_cross_entropy(hidden_SD, weight_VD, targets.flatten()))
    return nll_S.cpu().double().reshape(targets_BT.shape).sum(dim=1).numpy()


def _groups(windows: Iterator[Window], size: int) -> Iterator[list[Window]]:
    while group := list(islice(windows, size)):
        yield group

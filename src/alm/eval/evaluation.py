"""Put a network's bits per byte beside those of n-gram models, per source and in total."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from alm.checkpoint import ModelSpec
from alm.config import EvaluateConfig
from alm.eval.bits_per_byte import RULE, Score, bits_per_byte, score_documents
from alm.eval.held_out import HeldOut, read_train_texts
from alm.eval.interval import Costs, interval
from alm.eval.ngram import Counts, KneserNey
from alm.eval.seen import count_seen_bytes
from alm.model import Transformer


def evaluate(
    model: Transformer, spec: ModelSpec, packed: Path, documents: Path, config: EvaluateConfig
) -> dict[str, Any]:
    """Score held-out documents with a network and with n-gram models of the same training text.

    Args:
        model: the network, in evaluation mode.
        spec: what goes with its weights.
        packed: directory of shards.
        documents: directory of the text that they were made from.
        config: how much is scored, and against what.

    Returns:
        The rule by which all of it is scored; and for all documents (``total``) and those of each
        source (``sources``) the network's score in every unit, the 95 % interval of its bits per
        byte (``interval``; None of a single document), the bits per byte of each n-gram
        model (``ngram``), the network's as a share of them (``ratio``), and the share of the bytes
        that stand in lines of the training text (``seen``).

    Raises:
        IntegrityError: a file is damaged, or tokens, text and network do not belong together.
        ConfigError: an n-gram order is too high.
    """
    held_out = HeldOut.read(packed, documents, config.max_bytes, config.limits)
    held_out.stream.require_tokenizer(spec.tokenizer_sha256)
    chosen = [i for each in held_out.chosen.values() for i in each]
    nats = score_documents(
        model,
        held_out.stream,
        held_out.starts,
        chosen,
        seq_len=spec.seq_len,
        batch_size=config.batch_size,
    )
    texts = [held_out.texts[i] for i in chosen]
    ngrams = _score_ngrams(texts, documents, config.ngram_orders)
    lengths = np.diff(held_out.starts.astype(np.int64))
    seen = count_seen_bytes(texts, read_train_texts(documents))
    scores = {
        i: Score(1, len(text), known, int(lengths[i]) - 1, float(cost))
        for i, text, known, cost in zip(chosen, texts, seen, nats, strict=True)
    }
    costs = {order: dict(zip(chosen, each, strict=True)) for order, each in ngrams.items()}
    parts = list(held_out.chosen.values())
    return {
        "rule": RULE,
        "total": summarize(parts, scores, costs),
        "sources": {
            name: summarize([each], scores, costs) for name, each in held_out.chosen.items()
        },
    }


def summarize(
    groups: Sequence[Sequence[int]], scores: dict[int, Score], costs: dict[int, dict[int, float]]
) -> dict[str, Any]:
    """Return what coding some documents costs the network and each n-gram model.

    Args:
        groups: the documents of each source.
        scores: document -> the network's score.
        costs: order of an n-gram model -> document -> its nats.
    """
    documents = [i for group in groups for i in group]
    score = Score.total(scores[i] for i in documents)
    sure = interval(
        [Costs.of([scores[i].nats for i in g], [scores[i].bytes for i in g]) for g in groups]
    )
    ngram = {
        str(order): bits_per_byte(math.fsum(each[i] for i in documents), score.bytes)
        for order, each in costs.items()
    }
    ratio = {order: score.bits_per_byte / bits for order, bits in ngram.items()}
    return {**score.as_dict(), "interval": sure, "ngram": ngram, "ratio": ratio}


def headline(found: dict[str, Any]) -> str:
    """Return the bits per byte of all models on one line."""
    total = found["total"]
    ngrams = [f"{order}-gram {bits:.4f}" for order, bits in total["ngram"].items()]
    beside = f" ({', '.join(ngrams)})" if ngrams else ""
    sure = total["interval"]
    margin = f", 95 % between {sure[0]:.4f} and {sure[1]:.4f}" if sure else ""
    return f"{total['bits_per_byte']:.4f} bits per byte{margin}{beside}"


def _score_ngrams(
    texts: Sequence[bytes], documents: Path, orders: Sequence[int]
) -> dict[int, np.ndarray]:
    """Return by order the nats of each text; the training text is counted once."""
    if not orders:
        return {}
    counts = Counts.of(read_train_texts(documents), max(orders))
    return {order: KneserNey(counts.shorten(order)).nats(texts) for order in sorted(orders)}

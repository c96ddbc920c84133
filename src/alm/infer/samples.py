"""The samples of a preset: what its model says to fixed prompts, and how much of it is copied."""

from pathlib import Path
from typing import Any

from alm.config import Params, SampleConfig
from alm.data import TokenStream
from alm.infer.engine import Engine
from alm.infer.generation import Completion, Request
from alm.infer.overlap import longest_runs
from alm.io import rounded, write_json


def write_samples(
    params: Params, *, model: Path, tokenizer: Path, packed: Path, out: Path, device: str
) -> None:
    """Write what :func:`collect_samples` finds for a published model."""
    engine = Engine.load(model, tokenizer, device)
    train = TokenStream(packed, "train")
    train.require_tokenizer(engine.tokenizer.sha256)
    write_json(out, rounded(collect_samples(engine, params.sample, params.seed, train)))


def collect_samples(
    engine: Engine, config: SampleConfig, seed: int, train: TokenStream
) -> dict[str, Any]:
    """Continue each prompt twice and compare what was said with the training text.

    Args:
        engine: the model.
        config: prompts and limits.
        seed: of the sampled continuations; prompt number i is sequence i of it.
        train: the tokens that the model was trained on.

    Returns:
        ``samples``: for each prompt its greedy and its sampled continuation, each with its text,
        its number of new tokens, the reason why it ended, and ``copied_tokens``, the longest run
        of its new tokens that occurs in ``train``; ``longest_copy`` is the largest of those.
    """
    seeds = {"greedy": None, "sampled": seed}
    keys = [(i, style) for i in range(len(config.prompts)) for style in seeds]
    said = engine.complete(
        [
            Request(prompt=config.prompts[i], config=config, seed=seeds[style], sequence=i)
            for i, style in keys
        ]
    )
    runs = longest_runs([each.ids for each in said], train)
    facts = dict(zip(keys, map(_describe, said, runs), strict=True))
    samples = [
        {"prompt": prompt, **{style: facts[i, style] for style in seeds}}
        for i, prompt in enumerate(config.prompts)
    ]
    return {"samples": samples, "longest_copy": max(runs, default=0)}


def _describe(completion: Completion, copied_tokens: int) -> dict[str, Any]:
    return {
        "text": completion.text,
        "tokens": len(completion.ids),
        "finish_reason": completion.finish_reason,
        "copied_tokens": copied_tokens,
    }

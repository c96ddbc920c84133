"""Talk to a model: choose tokens, turn them into text, and tell what was copied."""

from alm.infer.decoder import Decoder, Network
from alm.infer.engine import Engine
from alm.infer.generation import Completion, Generation, Request
from alm.infer.overlap import longest_runs
from alm.infer.sampler import choose_token, uniform
from alm.infer.samples import collect_samples, write_samples
from alm.infer.scoring import Scores, TokenScore
from alm.infer.terminal import continue_prompt
from alm.infer.text import TextStream

__all__ = [
    "Completion",
    "Decoder",
    "Engine",
    "Generation",
    "Network",
    "Request",
    "Scores",
    "TextStream",
    "TokenScore",
    "choose_token",
    "collect_samples",
    "continue_prompt",
    "longest_runs",
    "uniform",
    "write_samples",
]

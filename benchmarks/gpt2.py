"""The peer of time to quality: GPT-2's network in transformers, under AdamW and a cosine."""

import math
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel

WIDTH_OF_HEAD = 64
BEST_ASPECT = 64  # width over layers, as GPT-2 small has it
TOLERANCE = 0.02  # by which the parameters of both sides may differ
WARMUP = 0.05
WEIGHT_DECAY = 0.1


class Shape(NamedTuple):
    """Width and layers."""

    d_model: int
    n_layers: int

    def count(self, n_vocab: int, seq_len: int) -> int:
        """Return the parameters: tied embedding, learned positions, blocks, the last norm."""
        d = self.d_model
        return (n_vocab + seq_len) * d + self.n_layers * (12 * d * d + 13 * d) + 2 * d


def choose_shape(n_parameters: int, n_vocab: int, seq_len: int) -> Shape:
    """Return the shape of as many parameters, within 2 %, whose aspect is nearest to GPT-2's.

    Raises:
        ValueError: none has.
    """
    shapes = [
        Shape(d_model, n_layers)
        for d_model in range(WIDTH_OF_HEAD, 4096, WIDTH_OF_HEAD)
        for n_layers in range(2, 64)
    ]
    fitting = [
        shape
        for shape in shapes
        if abs(shape.count(n_vocab, seq_len) / n_parameters - 1) <= TOLERANCE
    ]
    if not fitting:
        raise ValueError(f"no GPT-2 has {n_parameters:,} parameters with a vocabulary of {n_vocab}")
    return min(fitting, key=lambda s: abs(math.log(s.d_model / s.n_layers / BEST_ASPECT)))


def build_gpt2(shape: Shape, n_vocab: int, seq_len: int) -> nn.Module:
    """Return the network with fresh weights; without dropout, since no row is seen often."""
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=n_vocab,
            n_positions=seq_len,
            n_embd=shape.d_model,
            n_layer=shape.n_layers,
            n_head=shape.d_model // WIDTH_OF_HEAD,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            use_cache=False,
            bos_token_id=None,  # GPT-2's own are beyond our vocabulary
            eos_token_id=None,
        )
    )


class CosineAdamW:
    """AdamW with decay of the matrices alone, linear warm-up, half a cosine down to zero."""

    def __init__(self, model: nn.Module, lr: float, steps: int) -> None:
        self.parameters = list(model.parameters())
        groups = [
            {"params": [p for p in self.parameters if p.dim() > 1], "weight_decay": WEIGHT_DECAY},
            {"params": [p for p in self.parameters if p.dim() <= 1], "weight_decay": 0.0},
        ]
        self._adamw = torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.95), fused=True)
        factor = partial(lr_factor, steps=steps)
        self._schedule = torch.optim.lr_scheduler.LambdaLR(self._adamw, factor)

    def step(self) -> None:
        """Clip, move the parameters, forget the gradients."""
        nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self._adamw.step()
        self._adamw.zero_grad()
        self._schedule.step()


def lr_factor(step: int, steps: int) -> float:
    """Return the share of the peak learning rate at a step, from 0."""
    warmup = max(1, round(WARMUP * steps))
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


def next_token_loss(model: nn.Module, tokens_BT: Tensor) -> Tensor:
    """Return the mean loss of every token but the first of each row, given (B, T + 1)."""
    logits_BTV = model(input_ids=tokens_BT[:, :-1]).logits.float()
    return nn.functional.cross_entropy(logits_BTV.flatten(0, 1), tokens_BT[:, 1:].flatten())

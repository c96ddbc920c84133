"""Our own predictions, and where a comparison with them means something."""

from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from alm.checkpoint import load_model
from alm.model import Transformer

UNDECIDED = 1e-5
"""A router's choice by less than this may fall otherwise elsewhere, by rounding alone."""


class Reference:
    """A published model in float32 on the CPU, as it is exported."""

    def __init__(self, model: Transformer) -> None:
        self._model = model

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Read the last weights of a published model.

        Raises:
            IntegrityError: they are absent or damaged.
        """
        return cls(load_model(directory, "cpu"))

    @torch.no_grad()
    def logits(self, ids: list[int]) -> np.ndarray:
        """Return the logits behind each token: (T, V), float32."""
        return self._model.logits(self._model(torch.tensor([ids])).hidden_BTD[0]).numpy()

    @torch.no_grad()
    def settled(self, ids: list[int]) -> list[int]:
        """Return the tokens before the first one that is sent to its experts by a hair.

        There another order of adding up sends a token to another expert, and every prediction from
        there on differs by far more than rounding, though both tools are right.
        """
        margins: list[Tensor] = []
        hooks = [each.register_forward_hook(_note(margins)) for each in _routers(self._model)]
        self._model(torch.tensor([ids]))
        for hook in hooks:
            hook.remove()
        if not margins:
            return ids
        undecided_T = torch.stack(margins).min(dim=0).values < UNDECIDED
        return ids[: int(undecided_T.int().argmax())] if undecided_T.any() else ids


def _routers(model: Transformer) -> list[nn.Module]:
    parts = [block.feed_forward for block in model.blocks]
    return [part.router for part in parts if hasattr(part, "router")]


def _note(margins: list[Tensor]):  # noqa: ANN202
    """Make a hook that notes by how much the last chosen expert beat the first one left out."""

    def note(router: nn.Module, _: Any, routing: Any) -> None:  # noqa: ANN401
        bias_E = 0 if router.selection_bias is None else router.selection_bias
        ranked_SE = (routing.scores_SE + bias_E).sort(descending=True).values
        k = router.n_experts_per_token
        if k < ranked_SE.shape[-1]:
            margins.append(ranked_SE[:, k - 1] - ranked_SE[:, k])

    return note

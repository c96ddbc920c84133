"""The exported directory in transformers, loaded as any user would: no code of ours in it."""

from pathlib import Path
from typing import Self

import numpy as np
import torch

from alm.errors import ConfigError, IntegrityError, installing

COMPLAINTS = ("missing_keys", "unexpected_keys", "mismatched_keys")


class TransformersPeer:
    """A model and its tokenizer, in float32 on the CPU."""

    def __init__(self, model: torch.nn.Module, tokenizer: object) -> None:
        self._model = model
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Load what stands in a directory, from there alone.

        Raises:
            ConfigError: transformers is not installed.
            IntegrityError: transformers finds a tensor too many or too few.
        """
        transformers = _import()
        model, report = transformers.AutoModelForCausalLM.from_pretrained(
            directory, dtype=torch.float32, local_files_only=True, output_loading_info=True
        )
        for complaint in COMPLAINTS:
            if names := sorted(map(str, report.get(complaint) or ())):
                raise IntegrityError(
                    f"{directory}: expected transformers to take every tensor, found "
                    f"{complaint.replace('_', ' ')}: {', '.join(names[:3])}; the export is wrong "
                    "and nothing was published: please report it"
                )
        tokenizer = transformers.AutoTokenizer.from_pretrained(directory, local_files_only=True)
        return cls(model.eval(), tokenizer)

    @torch.no_grad()
    def logits(self, ids: list[int]) -> np.ndarray:
        """Return the logits behind each token: (T, V), float32."""
        return self._model(torch.tensor([ids])).logits[0].numpy()

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text as a call of the tokenizer gives them, BOS and all."""
        return self._tokenizer(text, verbose=False)["input_ids"]

    def decode(self, ids: list[int]) -> str:
        """Return the text of ids, without special tokens."""
        return self._tokenizer.decode(ids, skip_special_tokens=True)


def _import():  # noqa: ANN202
    try:
        import transformers
    except ImportError:
        raise ConfigError(
            "expected the package transformers, which an export is compared with, found none; "
            f"install it with {installing('export')}"
        ) from None
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return transformers

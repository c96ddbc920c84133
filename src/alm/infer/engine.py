"""Continue a prompt: read it once, then one token at a time through the key/value cache."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import torch
from torch import Tensor

from alm.checkpoint import load_model, read_spec
from alm.config import SampleConfig
from alm.errors import InputError, IntegrityError
from alm.infer.sampler import choose_token, uniform
from alm.infer.text import TextStream
from alm.model import KVCache, Transformer
from alm.tokenizer import Tokenizer

FinishReason = Literal["stop", "length", "context"]


@dataclass(frozen=True)
class Completion:
    """What a model said, and why it ended."""

    text: str
    """Without the prompt, and without a stop string."""
    ids: tuple[int, ...]
    """The new tokens, without the EOS or BOS that ended them."""
    finish_reason: FinishReason
    """``stop``: EOS, BOS or a stop string. ``length``: ``max_new_tokens``. ``context``: with the
    prompt and its BOS there are ``seq_len`` tokens, the most that the model was trained to see."""


class Engine:
    """A model and its tokenizer, ready to continue prompts.

    A prompt starts as a training document does, with BOS. Sequences are computed one at a time, so
    a completion depends on the prompt, the config, the seed and its own number only. With the cache
    the scores differ from those without by rounding alone: a matrix product over one row adds in
    another order than one over many.

    Args:
        model: in evaluation mode.
        tokenizer: the one that the model was trained with.
        device: where the model is.
        seq_len: the longest sequence, prompt and BOS included.

    Raises:
        IntegrityError: model and tokenizer have vocabularies of different sizes.
    """

    def __init__(self, model: Transformer, tokenizer: Tokenizer, device: str, seq_len: int) -> None:
        n_rows = model.head_weight.shape[0]
        if n_rows != tokenizer.vocab_size:
            raise IntegrityError(
                f"expected the model's own tokenizer with {n_rows} pieces, found one with "
                f"{tokenizer.vocab_size}; build the model again"
            )
        self.model = model
        self.tokenizer = tokenizer
        self.device = torch.device(device)
        self.seq_len = seq_len

    @classmethod
    def load(cls, model: Path, tokenizer: Path, device: str) -> Self:
        """Read a published model and the tokenizer that it was trained with.

        Raises:
            IntegrityError: one of them is absent or damaged, or the tokenizer is another one.
        """
        spec, vocabulary = read_spec(model), Tokenizer.load(tokenizer)
        if vocabulary.sha256 != spec.tokenizer_sha256:
            raise IntegrityError(
                f"expected the tokenizer {spec.tokenizer_sha256[:12]} that {model} was trained "
                f"with, found {vocabulary.sha256[:12]} in {tokenizer}; build the model again"
            )
        return cls(load_model(model, device), vocabulary, device, spec.seq_len)

    def generate(
        self,
        prompt: str,
        config: SampleConfig,
        seed: int | None,
        n: int = 1,
        stop: Collection[str] = (),
    ) -> list[Completion]:
        """Return ``n`` completions of a prompt; number i is sequence i of ``seed``.

        The prompt is read once. A seed of None takes the likeliest token each time, whatever the
        limits in ``config``.

        Raises:
            InputError: the prompt leaves no room for a token, or is not Unicode.
        """
        read = self._read(prompt, config.max_new_tokens)
        return [self._continue(read, config, seed, i, stop).complete() for i in range(n)]

    def stream(
        self,
        prompt: str,
        config: SampleConfig,
        seed: int | None,
        sequence: int = 0,
        stop: Collection[str] = (),
    ) -> "Generation":
        """Return one completion that is computed as it is iterated over; see :meth:`generate`."""
        read = self._read(prompt, config.max_new_tokens)
        return self._continue(read, config, seed, sequence, stop)

    @torch.no_grad()
    def score_next(self, ids: list[int], cache: KVCache) -> Tensor:
        """Read ``ids`` behind what ``cache`` holds; return the scores of the next token.

        Shape:
            logits_V, float32 on the CPU.

        Raises:
            IntegrityError: a score is not finite.
        """
        ids_BT = torch.tensor([ids], device=self.device)
        hidden_BTD = self.model(ids_BT, cache).hidden_BTD
        logits_V = self.model.logits(hidden_BTD[0, -1:])[0].cpu()
        if not torch.isfinite(logits_V).all():
            raise IntegrityError(
                "expected finite scores from the model, found NaN or infinity: it diverged; train "
                "it again with a smaller train.lr"
            )
        return logits_V

    def _read(self, prompt: str, max_new_tokens: int) -> "_Prompt":
        ids = [self.tokenizer.bos_id, *self.tokenizer.encode(prompt)]
        if len(ids) >= self.seq_len:
            raise InputError(
                f"expected a prompt of at most {self.seq_len - 2} tokens for a context of "
                f"{self.seq_len}, found {len(ids) - 1}; shorten it, or train with a larger "
                "data.seq_len"
            )
        room = min(self.seq_len, len(ids) + max_new_tokens)
        dtype = next(self.model.parameters()).dtype
        cache = KVCache(self.model.config, 1, room, dtype, self.device)
        return _Prompt(ids, cache, self.score_next(ids, cache))

    def _continue(
        self,
        prompt: "_Prompt",
        config: SampleConfig,
        seed: int | None,
        sequence: int,
        stop: Collection[str],
    ) -> "Generation":
        return Generation(self, prompt, config, Chances(seed, sequence), stop)


@dataclass(frozen=True)
class Chances:
    """The random numbers of one sequence; none where the likeliest token is wanted."""

    seed: int | None
    sequence: int

    def at(self, position: int) -> float | None:
        """Return the number that decides the token at ``position``, counted from BOS."""
        return None if self.seed is None else uniform(self.seed, self.sequence, position)


class Generation:
    """A completion in the making: iterate over it for its text, or complete it.

    Pieces of text come as soon as they are certain. ``finish_reason`` is None until the end.
    """

    def __init__(
        self,
        engine: Engine,
        prompt: "_Prompt",
        config: SampleConfig,
        chances: Chances,
        stop: Collection[str],
    ) -> None:
        self.finish_reason: FinishReason | None = None
        self._engine = engine
        self._config = config
        self._chances = chances
        self._stream = TextStream(engine.tokenizer, stop)
        self._ids = list(prompt.ids)
        self._n_prompt = len(prompt.ids)
        self._logits_V = prompt.logits_V
        self._cache = prompt.cache
        self._cache.truncate(self._n_prompt)
        self._text = ""

    def __iter__(self) -> Iterator[str]:
        """Yield text until the end; a second iteration goes on where the first one left."""
        while self.finish_reason is None:
            if piece := self._advance():
                self._text += piece
                yield piece

    def complete(self) -> Completion:
        """Go on to the end and return everything."""
        for _ in self:
            pass
        return Completion(self._text, tuple(self._ids[self._n_prompt :]), self.finish_reason)

    def _advance(self) -> str:
        """Choose one token, and return the text that it makes certain."""
        chance = self._chances.at(len(self._ids))
        token = choose_token(self._logits_V, self._ids, self._config, chance)
        if token in (self._engine.tokenizer.eos_id, self._engine.tokenizer.bos_id):
            self.finish_reason = "stop"
            return self._stream.finish()
        self._ids.append(token)
        piece = self._stream.feed(token)
        self.finish_reason = self._limit()
        if self.finish_reason is None:
            self._logits_V = self._engine.score_next([token], self._cache)
        elif not self._stream.stopped:
            piece += self._stream.finish()
        return piece

    def _limit(self) -> FinishReason | None:
        """Return what ends the text after the newest token, if anything does."""
        if self._stream.stopped:
            return "stop"
        if len(self._ids) - self._n_prompt == self._config.max_new_tokens:
            return "length"
        return "context" if len(self._ids) == self._engine.seq_len else None


@dataclass(frozen=True)
class _Prompt:
    """A prompt that was read."""

    ids: list[int]
    cache: KVCache
    logits_V: Tensor

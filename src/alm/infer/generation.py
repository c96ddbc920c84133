"""One completion in the making: tokens are chosen, turned into text, and an end is found."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from torch import Tensor

from alm.config import SampleConfig
from alm.errors import InputError
from alm.infer.draft import Draft
from alm.infer.penalties import add_bias
from alm.infer.sampler import choose_token, uniform
from alm.infer.scoring import TokenScore, score_tokens
from alm.infer.text import TextStream, require_stop_strings
from alm.tokenizer import Tokenizer

FinishReason = Literal["stop", "length", "context"]


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to continue, and how."""

    prompt: str
    config: SampleConfig
    """Its limits; its own prompts are not looked at."""
    seed: int | None
    """None takes the likeliest token each time, whatever the limits in ``config``."""
    sequence: int = 0
    """Its number among those of the seed."""
    stop: Collection[str] = ()
    """Strings that end the text."""
    stop_ids: Collection[int] = ()
    """Tokens that end it, besides EOS and BOS."""
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    """Token -> what is added to its score; minus infinity forbids it."""
    n_top: int | None = None
    """Give the log-probability of each new token, and of so many of the likeliest at its place."""

    def __post_init__(self) -> None:
        """Refuse what no completion can be made of.

        Raises:
            ConfigError: a stop string is none.
            InputError: the seed or a bias is out of range.
        """
        require_stop_strings(self.stop)
        if self.seed is not None and not 0 <= self.seed < 2**63:
            raise InputError(f"expected a seed from 0 to 2^63 - 1, found {self.seed}; change it")
        wrong = [bias for bias in self.logit_bias.values() if not bias < math.inf]
        if wrong:
            raise InputError(
                f"expected biases that are numbers below infinity, found {wrong[0]}; change it"
            )


@dataclass(frozen=True)
class Completion:
    """What a model said, and why it ended."""

    text: str
    """Without the prompt, and without a stop string."""
    ids: tuple[int, ...]
    """The new tokens, without the one that ended them: EOS, BOS, or of ``stop_ids``."""
    finish_reason: FinishReason
    """``stop``: a token that ends, or a stop string. ``length``: ``max_new_tokens``. ``context``:
    with the prompt and its BOS there are ``seq_len`` tokens, the most that the model was trained to
    see; nothing of the prompt is ever dropped to make room."""
    scores: tuple[TokenScore, ...] = ()
    """Of each of ``ids``, where they were asked for."""


class Generation:
    """A completion in the making: iterate over it for its text, or complete it.

    Pieces of text come as soon as they are certain, and a token is computed only when the next
    piece is asked for. ``finish_reason`` is None until the end.

    Args:
        request: what is wanted.
        draft: the prompt, read.
        tokenizer: of the model.
        seq_len: tokens at which the context is full.
        release: called once, at the end: the decoder may be used for something else.
    """

    def __init__(
        self,
        request: Request,
        draft: Draft,
        tokenizer: Tokenizer,
        seq_len: int,
        release: Callable[[Draft], None],
    ) -> None:
        self.finish_reason: FinishReason | None = None
        self.draft = draft
        self._request = request
        self._seq_len = seq_len
        self._release = release
        self._ends = {tokenizer.eos_id, tokenizer.bos_id, *request.stop_ids}
        self._stream = TextStream(tokenizer, request.stop)
        self._text = ""
        self._scores: list[TokenScore] = []

    def __iter__(self) -> Iterator[str]:
        """Yield text until the end; a second iteration goes on where the first one left."""
        while self.finish_reason is None:
            if self.draft.unread:
                self.receive(self.draft.decoder.step(self.draft.ids[-1]))
            if piece := self.advance():
                yield piece

    def complete(self) -> Completion:
        """Go on to the end and return everything."""
        for _ in self:
            pass
        new = self.draft.ids[self.draft.n_prompt :]
        return Completion(self._text, tuple(new), self.finish_reason, tuple(self._scores))

    def receive(self, logits_V: Tensor) -> None:
        """Take the scores of what follows the newest token, which was read just now."""
        self.draft.logits_V = logits_V

    def advance(self) -> str:
        """Choose one token, and return the text that it makes certain."""
        token = self._choose()
        if token in self._ends:
            return self._finish("stop", self._stream.finish())
        self._note(token)
        self.draft.ids.append(token)
        piece = self._stream.feed(token)
        if reason := self._limit():
            return self._finish(reason, piece + self._stream.finish())
        self._text += piece
        return piece

    def _choose(self) -> int:
        request, draft = self._request, self.draft
        position, chance = len(draft.ids), None
        if request.seed is not None:
            chance = uniform(request.seed, request.sequence, position)
        logits_V = add_bias(draft.logits_V, request.logit_bias)
        return choose_token(logits_V, draft.ids, request.config, chance, draft.n_prompt)

    def _note(self, token: int) -> None:
        if self._request.n_top is not None:
            logits_TV = self.draft.logits_V.unsqueeze(0)
            self._scores += score_tokens(logits_TV, [token], self._request.n_top).of([token])

    def _limit(self) -> FinishReason | None:
        """Return what ends the text after the newest token, if anything does."""
        if self._stream.stopped:
            return "stop"
        if self.draft.n_new == self._request.config.max_new_tokens:
            return "length"
        return "context" if len(self.draft.ids) == self._seq_len else None

    def _finish(self, reason: FinishReason, piece: str) -> str:
        self.finish_reason = reason
        self._text += piece
        self._release(self.draft)
        return piece

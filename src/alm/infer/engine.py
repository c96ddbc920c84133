"""Continue and score texts: the model, its tokenizer, and what it has read already."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from alm.checkpoint import ModelSpec, load_model, read_spec
from alm.config import SampleConfig
from alm.errors import InputError, IntegrityError
from alm.infer.decoder import Network
from alm.infer.draft import Draft
from alm.infer.generation import Completion, Generation, Request
from alm.infer.prefix import PrefixCache
from alm.infer.scoring import Scores, TokenScore, score_pieces
from alm.infer.side_by_side import advance_all
from alm.infer.torch_network import TorchNetwork
from alm.model import Transformer
from alm.tokenizer import Tokenizer


class Engine:
    """A model and its tokenizer, ready to continue prompts.

    A prompt starts as a training document does, with BOS. What is said depends on the prompt, the
    config, the seed and the completion's own number only, bit for bit: not on what else is
    continued beside it, nor on what was read before. With the cache the scores differ from those
    without by rounding alone: a matrix product over one row adds in another order than one over
    many.

    Not for several threads at once.

    Args:
        model: in evaluation mode; None where there is a ``network``.
        tokenizer: the one that the model was trained with.
        device: where the model is.
        seq_len: the longest sequence, prompt and BOS included.
        network: computes the scores; None: torch does, with ``model``.

    Raises:
        IntegrityError: model and tokenizer have vocabularies of different sizes.
    """

    def __init__(
        self,
        model: Transformer | None,
        tokenizer: Tokenizer,
        device: str,
        seq_len: int,
        network: Network | None = None,
    ) -> None:
        self.network = network or TorchNetwork(model, device, seq_len)
        if self.network.n_vocab != tokenizer.vocab_size:
            raise IntegrityError(
                f"expected the model's own tokenizer with {self.network.n_vocab} pieces, found one "
                f"with {tokenizer.vocab_size}; build the model again"
            )
        self.model = model
        self.tokenizer = tokenizer
        self.seq_len = seq_len
        self.prefixes = PrefixCache(self.network)

    @classmethod
    def load(cls, model: Path, tokenizer: Path, device: str) -> Self:
        """Read a published model and the tokenizer that it was trained with.

        Raises:
            IntegrityError: one of them is absent or damaged, or the tokenizer is another one.
        """
        spec = read_spec(model)
        vocabulary = read_tokenizer(tokenizer, spec, model)
        return cls(load_model(model, device), vocabulary, device, spec.seq_len)

    # --- continue -----------------------------------------------------------------------------

    def start(self, request: Request) -> Generation:
        """Read the prompt; return its completion, which is computed as it is iterated over.

        Raises:
            InputError: the prompt leaves no room for a token or is not Unicode, or the request
                names a token that does not exist.
        """
        return self._begin(request, self._encode(request))

    def stream(
        self,
        prompt: str,
        config: SampleConfig,
        seed: int | None,
        sequence: int = 0,
        stop: Collection[str] = (),
        **options: object,
    ) -> Generation:
        """Start one completion; the arguments are the fields of a :class:`Request`."""
        chance = {"seed": seed, "sequence": sequence}
        return self.start(Request(prompt=prompt, config=config, stop=stop, **chance, **options))

    def generate(
        self,
        prompt: str,
        config: SampleConfig,
        seed: int | None,
        n: int = 1,
        stop: Collection[str] = (),
        **options: object,
    ) -> list[Completion]:
        """Return ``n`` completions of a prompt, read once; number i is sequence i of ``seed``."""
        request = Request(prompt=prompt, config=config, seed=seed, stop=stop, **options)
        draft = self.prefixes.read(self._encode(request))
        requests = [replace(request, sequence=i) for i in range(n)]
        said = [self._continue(each, draft.restart()).complete() for each in requests]
        self.prefixes.keep(draft.restart())
        return said

    def stream_all(
        self, requests: Sequence[Request], n_slots: int = 4
    ) -> Iterator[tuple[int, Generation, str]]:
        """Continue several requests, ``n_slots`` of them side by side.

        Yields:
            The number of a request, its generation, and a piece of its text; also, with what may
            be an empty piece, when the generation has ended.

        Raises:
            InputError: before anything is computed; see :meth:`start`.
            ValueError: there is no slot.
        """
        if n_slots < 1:
            raise ValueError(f"expected at least one slot, found {n_slots}")
        prompts = [self._encode(request) for request in requests]
        return advance_all(self.network, map(self._begin, requests, prompts), n_slots)

    def complete(self, requests: Sequence[Request], n_slots: int = 4) -> list[Completion]:
        """Return the completions of several requests; see :meth:`stream_all`."""
        generations = {i: each for i, each, _ in self.stream_all(requests, n_slots)}
        return [generations[i].complete() for i in range(len(requests))]

    def _encode(self, request: Request) -> list[int]:
        self._require_tokens([*request.stop_ids, *request.logit_bias], request.n_top)
        ids = self._encode_text(request.prompt)
        if len(ids) >= self.seq_len:
            raise InputError(
                f"expected a prompt of at most {self.seq_len - 2} tokens for a context of "
                f"{self.seq_len}, found {len(ids) - 1}; shorten it, or train with a larger "
                "data.seq_len"
            )
        return ids

    def _begin(self, request: Request, ids: list[int]) -> Generation:
        draft = self.prefixes.read(ids)
        return self._continue(request, draft, self.prefixes.keep)

    def _continue(
        self, request: Request, draft: Draft, release: Callable[[Draft], None] = lambda _: None
    ) -> Generation:
        return Generation(request, draft, self.tokenizer, self.seq_len, release)

    # --- score --------------------------------------------------------------------------------

    def score(self, ids: Sequence[int], n_top: int = 0) -> Scores:
        """Return the log-probability of each token of ``ids`` but the first, given those before.

        The text is read as it stands, without a BOS of ours: begin with ``tokenizer.bos_id`` what
        begins a document.

        Args:
            ids: at least 2 tokens, at most ``seq_len + 1``: the last is only predicted.
            n_top: likeliest tokens to name at each place.

        Raises:
            InputError: there are more or fewer, or a token does not exist.
        """
        return next(self.score_all([ids], n_top))

    def score_all(self, sequences: Sequence[Sequence[int]], n_top: int = 0) -> Iterator[Scores]:
        """Return the scores of each sequence, in order.

        On a CPU they are those of :meth:`score`, bit for bit; on a GPU several sequences are
        computed at once, and differ by rounding. Those of like length should be neighbours.
        """
        for ids in sequences:
            self._require_scorable(ids, n_top)
        predictions = self.network.predict([ids[:-1] for ids in sequences])
        return (
            score_pieces(pieces, ids, n_top)
            for pieces, ids in zip(predictions, sequences, strict=True)
        )

    def score_text(self, text: str, n_top: int = 0) -> list[TokenScore]:
        """Return the log-probability of each token of a text that begins a document.

        Raises:
            InputError: the text is empty or longer than the context, or not Unicode.
        """
        ids = self._encode_text(text)
        return self.score(ids, n_top).of(ids[1:])

    def _encode_text(self, text: str) -> list[int]:
        return [self.tokenizer.bos_id, *self.tokenizer.encode(text)]

    def _require_scorable(self, ids: Sequence[int], n_top: int) -> None:
        if not 2 <= len(ids) <= self.seq_len + 1:
            raise InputError(
                f"expected 2 to {self.seq_len + 1} tokens to score, for a context of "
                f"{self.seq_len}, found {len(ids)}; cut the text"
            )
        self._require_tokens(ids, n_top)

    def _require_tokens(self, ids: Sequence[int], n_top: int | None) -> None:
        strange = [token for token in ids if not 0 <= token < self.network.n_vocab]
        if strange:
            raise InputError(
                f"expected tokens below {self.network.n_vocab}, found {strange[0]}; encode the "
                "text with the model's own tokenizer"
            )
        if n_top is not None and not 0 <= n_top <= self.network.n_vocab:
            raise InputError(
                f"expected n_top of 0 to {self.network.n_vocab}, found {n_top}; ask for fewer"
            )


def read_tokenizer(tokenizer: Path, spec: ModelSpec, model: Path) -> Tokenizer:
    """Read the tokenizer that the model of a spec was trained with.

    Raises:
        IntegrityError: it is absent or damaged, or another one.
    """
    vocabulary = Tokenizer.load(tokenizer)
    if vocabulary.sha256 != spec.tokenizer_sha256:
        raise IntegrityError(
            f"expected the tokenizer {spec.tokenizer_sha256[:12]} that {model} was trained "
            f"with, found {vocabulary.sha256[:12]} in {tokenizer}; build the model again"
        )
    return vocabulary

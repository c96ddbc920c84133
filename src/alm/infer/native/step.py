"""Read tokens of an int8 model on a CPU: one call of the C program for each step.

Dimensions: T tokens, B sequences, V vocabulary, L layers, G key/value heads, P positions, H width
of a head.
"""

import functools
import sys
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load
from torch import Tensor

from alm.checkpoint import read_spec
from alm.config import ModelConfig
from alm.errors import AlmError, ConfigError, InputError, IntegrityError
from alm.infer.native.build import compile_library
from alm.infer.native.layout import Layout, why_not
from alm.infer.native.library import Library, Token
from alm.infer.native.panels import ROWS
from alm.io import Manifest
from alm.model import Positions

KIND = "model.int8"
WEIGHTS = "model.int8.safetensors"
SHOWN = 8  # ids of a message


class NativeCache(Positions):
    """Keys and values of one sequence, float32; see :class:`alm.model.KVCache`.

    Args:
        config: the shape of the network.
        max_len: tokens there is room for.
    """

    def __init__(self, config: ModelConfig, max_len: int) -> None:
        super().__init__(max_len)
        self.config = config
        room = -(-max_len // ROWS) * ROWS
        heads = config.n_layers, config.n_kv_heads
        width = -(-config.d_head // ROWS) * ROWS
        self._keys = np.zeros((*heads, room // ROWS, config.d_head, ROWS), np.float32)
        self._values_LGPH = np.zeros((*heads, room, width), np.float32)
        self.memory = self._keys.ctypes.data, self._values_LGPH.ctypes.data, room
        """Addresses of keys and values, and the positions that there is room for."""


class NativeDecoder:
    """An int8 network in the memory of the C program, and its threads.

    What it returns depends on the tokens of a sequence alone: not on the number of threads, nor on
    what else is read in the same call, nor on whether a text is read at once or in parts, nor on
    the processor. Matrices are multiplied in integers, activations quantized in blocks of 32 as
    llama.cpp does; the rest is float32.

    Not for two threads at a time.

    Args:
        library: the compiled C program.
        config: the shape of the network.
        n_vocab: tokens of its tokenizer (V).
        tensors: as the int8 file holds them.
        n_positions: the longest sequence.
        n_threads: CPU threads to use, the caller's among them.

    Raises:
        ConfigError: the shape is one that the C program cannot read.
        IntegrityError: a tensor is absent, or of another shape or dtype.
    """

    def __init__(
        self,
        library: Library,
        config: ModelConfig,
        n_vocab: int,
        tensors: Mapping[str, np.ndarray],
        n_positions: int,
        n_threads: int,
    ) -> None:
        if reason := why_not(config):
            raise ConfigError(f"expected a shape that is written in C, found one where {reason}")
        self.config = config
        self.n_vocab = n_vocab
        self.n_positions = n_positions
        self.kernel = library.kernel
        """What the library was written for: a processor's instructions, or ``portable``."""
        self._library = library
        self._layout = Layout(config, n_vocab, tensors, n_positions, library.form)
        self._decoder = library.open(self._layout.network, n_threads)
        # Not at exit: the system ends the threads then.
        weakref.finalize(self, _close, library, self._decoder, self._layout).atexit = False

    @classmethod
    def load(cls, model: Path, library: Library, n_threads: int) -> Self:
        """Read the directory of an int8 model, for sequences as long as it was trained to see.

        Raises:
            ConfigError: the shape is one that the C program cannot read.
            IntegrityError: a file is absent, damaged, or not what the manifest says.
        """
        Manifest.read(model, KIND).verify(model)
        spec = read_spec(model)
        try:
            tensors = load((model / WEIGHTS).read_bytes())
        except (SafetensorError, KeyError) as error:
            raise IntegrityError(f"{model / WEIGHTS} is damaged: {error}; quantize again") from None
        return cls(library, spec.model, spec.n_vocab, tensors, spec.seq_len, n_threads)

    def new_cache(self, max_len: int) -> NativeCache:
        """Return an empty cache for one sequence of at most ``max_len`` tokens."""
        return NativeCache(self.config, min(max_len, self.n_positions))

    def prefill(self, ids: Sequence[int], cache: NativeCache) -> Tensor:
        """Read tokens behind what ``cache`` holds; return the scores of the next one.

        Shape:
            logits_V, float32.

        Raises:
            InputError: the cache has no room for them, there are none, or one is no token.
            IntegrityError: a score is not finite.
        """
        logits_V = torch.empty(self.n_vocab)
        tokens = self._tokens(ids, cache)
        tokens[-1].logits = logits_V.data_ptr()
        self._read(tokens)
        cache.advance(len(ids))
        return logits_V

    def score(self, ids: Sequence[int], cache: NativeCache) -> Tensor:
        """Read tokens likewise; return the scores of the successor of each, (T, V), float32."""
        logits_TV = torch.empty(len(ids), self.n_vocab)
        self._read(_into(logits_TV, self._tokens(ids, cache)))
        cache.advance(len(ids))
        return logits_TV

    def step(self, ids: Sequence[int], caches: Sequence[NativeCache]) -> Tensor:
        """Read one token behind each of several caches; return what follows each.

        Shape:
            logits_BV, float32; each row as if its sequence were alone.

        Raises:
            InputError: a cache has no room, or an id is no token.
            IntegrityError: a score is not finite; then every cache is as long as before.
            ValueError: a cache is there twice.
        """
        if len(set(map(id, caches))) != len(caches):
            raise ValueError("expected a cache for each token, found one twice")
        logits_BV = torch.empty(len(ids), self.n_vocab)
        pairs = zip(ids, caches, strict=True)
        self._read(_into(logits_BV, [t for i, cache in pairs for t in self._tokens([i], cache)]))
        for cache in caches:
            cache.advance(1)
        return logits_BV

    def _tokens(self, ids: Sequence[int], cache: NativeCache) -> list[Token]:
        """Return neighbouring tokens of one sequence, none of whose scores are wanted yet.

        Raises:
            InputError: the cache has no room for them, there are none, or one is no token.
            ValueError: the cache is not this decoder's.
        """
        if cache.config is not self.config or cache.max_len > self.n_positions:
            raise ValueError("expected a cache made by this decoder, found another one")
        cache.require_room(len(ids))
        if not ids or min(ids) < 0 or max(ids) >= self.n_vocab:
            raise InputError(
                f"expected token ids from 0 to {self.n_vocab - 1}, at least one, found "
                f"{list(ids)[:SHOWN]}; use the model's own tokenizer"
            )
        return [Token(*cache.memory, i, cache.length + n) for n, i in enumerate(ids)]

    def _read(self, tokens: list[Token]) -> None:
        found = self._library.read(self._decoder, tokens)
        if found == Library.BUSY:
            raise RuntimeError("expected one thread at a time in a decoder, found two")
        if found == Library.NOT_FINITE:
            raise IntegrityError(
                "expected finite scores from the model, found NaN or infinity: it diverged; train "
                "it again with a smaller train.lr"
            )


def open_decoder(model: Path, cache: Path, n_threads: int) -> NativeDecoder | None:
    """Return the fastest way to run an int8 model on this CPU; None where it has to be torch.

    Why it has to be is said on standard error, once for each reason.

    Args:
        model: directory of the int8 model.
        cache: directory for compiled libraries.
        n_threads: CPU threads to use.

    Raises:
        IntegrityError: a file of the model is absent, damaged, or not what the manifest says.
    """
    reason = why_not(read_spec(model).model)
    if reason is None:
        try:
            library = Library(compile_library(cache))
        except AlmError as error:
            reason = str(error)
        else:
            return NativeDecoder.load(model, library, n_threads)
    _tell(reason)
    return None


@functools.cache
def _tell(reason: str) -> None:
    sys.stderr.write(f"[float32 in torch, slower than int8 in compiled code: {reason}]\n")


def _into(logits: Tensor, tokens: list[Token]) -> list[Token]:
    """Ask for the scores behind each token, a row for each."""
    row_bytes = logits.shape[1] * logits.element_size()
    for i, token in enumerate(tokens):
        token.logits = logits.data_ptr() + i * row_bytes
    return tokens


def _close(library: Library, decoder: int, _layout: Layout) -> None:
    """Close a decoder; until then its memory is held by being named here."""
    library.close(decoder)

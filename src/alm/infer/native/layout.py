"""Lay an int8 model out as the C program reads it: rows in panels, pointers in structures.

Dimensions: N rows and K columns of a matrix, D d_model, F hidden width, H width of a head.
"""

import ctypes
from collections.abc import Mapping

import numpy as np

from alm.config import ModelConfig, MoEConfig
from alm.config.targets import row_widths
from alm.errors import IntegrityError
from alm.infer.native.library import FeedForward, Layer, Matrix, Network
from alm.infer.native.panels import BLOCK, ROWS, Form, pack

SCALE = ".scale"
ALIGNMENT = 64
SLAB_BYTES = 1 << 25


def why_not(config: ModelConfig) -> str | None:
    """Say why a shape cannot be read by the C program; None where it can."""
    if config.position != "rope":
        return f"position is {config.position}, and only rope is written in C"
    if config.rope_scaling is not None:
        return "rope_scaling is set, and stretched positions are not written in C"
    if config.window is not None:
        return "window is set, and windows are not written in C"
    for name, width in row_widths(config).items():
        if width % BLOCK:
            return f"{name} is {width}, no multiple of the {BLOCK} weights of a block"
    return None


class Arena:
    """Memory for the C program: aligned, in few large pieces, alive as long as this object."""

    def __init__(self) -> None:
        self._slabs: list[np.ndarray] = []
        self._free = np.empty(0, np.uint8)

    def take(self, n_bytes: int) -> np.ndarray:
        """Return that many zero bytes, on a cache line of their own."""
        n_bytes = -(-n_bytes // ALIGNMENT) * ALIGNMENT
        if n_bytes > len(self._free):
            slab = np.zeros(max(n_bytes, SLAB_BYTES) + ALIGNMENT, np.uint8)
            self._slabs.append(slab)
            self._free = slab[-slab.ctypes.data % ALIGNMENT :]
        taken, self._free = self._free[:n_bytes], self._free[n_bytes:]
        return taken

    def keep(self, values: np.ndarray) -> int:
        """Copy an array; return the address of the copy."""
        taken = self.take(values.nbytes)[: values.nbytes]
        taken.view(values.dtype)[:] = values.reshape(-1)
        return taken.ctypes.data

    def keep_all(self, structures: list[ctypes.Structure]) -> int:
        """Copy structures of one kind, side by side; return the address of the first."""
        return self.keep(np.frombuffer(b"".join(map(bytes, structures)), np.uint8))


class Layout:
    """A network in the C program's memory.

    Args:
        config: its shape; :func:`why_not` has nothing against it.
        n_vocab: tokens of its tokenizer.
        tensors: as the int8 file holds them: each matrix with its ``.scale``, the rest float32.
        n_positions: the longest sequence.
        form: how the library wants panels.

    Raises:
        IntegrityError: a tensor is absent, or of another shape or dtype.
    """

    def __init__(
        self,
        config: ModelConfig,
        n_vocab: int,
        tensors: Mapping[str, np.ndarray],
        n_positions: int,
        form: Form,
    ) -> None:
        self.arena = Arena()
        self._config = config
        self._tensors = tensors
        self._form = form
        embedding, output = self._ends(n_vocab)
        cosine, sine = map(self.arena.keep, turns(n_positions, config.d_head, config.rope_theta))
        layers = [self._layer(i) for i in range(config.n_layers)]
        self.network = Network(
            **{name: getattr(config, name) for name in _SHARED_FIELDS},
            **_describe_mixture(config),
            n_vocab=n_vocab,
            n_positions=n_positions,
            eps=config.norm_eps,
            cosine=cosine,
            sine=sine,
            norm=self._vector("norm.weight", config.d_model),
            embedding=embedding,
            output=output,
            layers=self.arena.keep_all(layers),
        )
        del self._tensors  # copied: the caller's may go

    def _ends(self, n_vocab: int) -> tuple[Matrix, Matrix]:
        """Return the embedding and the output matrix, of the rows in use; tied, they are one."""
        shape = self._config.vocab_size, self._config.d_model
        embedding = self._place(*(x[:n_vocab] for x in self._blocks("embed.weight", shape)))
        if self._config.tied_embeddings:
            return embedding, embedding
        head = (x[:n_vocab] for x in self._blocks("head.weight", shape))
        return embedding, self._place(*head)

    def _layer(self, number: int) -> Layer:
        config, name = self._config, f"blocks.{number}."
        inner = config.n_heads * config.d_head
        return Layer(
            attention_norm=self._vector(name + "attention_norm.weight", config.d_model),
            q_norm=self._vector(name + "attention.q_norm.weight", config.d_head),
            k_norm=self._vector(name + "attention.k_norm.weight", config.d_head),
            feed_forward_norm=self._vector(name + "feed_forward_norm.weight", config.d_model),
            qkv=self._heads(name + "attention."),
            o=self._matrix(name + "attention.o.weight", (config.d_model, inner)),
            **self._feed_forwards(number, name + "feed_forward."),
        )

    def _heads(self, name: str) -> Matrix:
        """Return the heads of q, k and v in one matrix, each filled up to whole panels."""
        config, values, scales = self._config, [], []
        for part, n_heads in zip("qkv", (config.n_heads, *[config.n_kv_heads] * 2), strict=True):
            shape = n_heads * config.d_head, config.d_model
            for kind, whole in zip(
                (values, scales), self._blocks(f"{name}{part}.weight", shape), strict=True
            ):
                heads = whole.reshape(n_heads, config.d_head, -1)
                filled = np.pad(heads, ((0, 0), (0, -config.d_head % ROWS), (0, 0)))
                kind.append(filled.reshape(-1, filled.shape[-1]))
        return self._place(np.concatenate(values), np.concatenate(scales))

    def _feed_forwards(self, number: int, name: str) -> dict[str, FeedForward | int]:
        """Return the fields that say what a layer does behind its attention."""
        config, moe = self._config, self._config.moe
        if moe is None or number < moe.n_dense_layers:
            return {"shared": self._feed_forward(name, config.d_ff)}
        found = {
            "experts": self.arena.keep_all(self._experts(name + "experts.", moe)),
            "router": self._vector(name + "router.weight", moe.n_experts, config.d_model),
        }
        if moe.router == "sigmoid":
            found["selection_bias"] = self._vector(name + "router.selection_bias", moe.n_experts)
        if moe.n_shared_experts:
            width = moe.n_shared_experts * moe.d_expert
            found["shared"] = self._feed_forward(name + "shared.", width)
        return found

    def _feed_forward(self, name: str, width: int) -> FeedForward:
        up = width, self._config.d_model
        return FeedForward(
            self._matrix(name + "gate.weight", up),
            self._matrix(name + "up.weight", up),
            self._matrix(name + "down.weight", up[::-1]),
        )

    def _experts(self, name: str, moe: MoEConfig) -> list[FeedForward]:
        up = moe.n_experts, moe.d_expert, self._config.d_model
        shapes = {"w_gate_EFD": up, "w_up_EFD": up, "w_down_EDF": (up[0], up[2], up[1])}
        stacks = [self._blocks(name + part, shape) for part, shape in shapes.items()]
        return [
            FeedForward(*(self._place(values[e], scales[e]) for values, scales in stacks))
            for e in range(moe.n_experts)
        ]

    def _matrix(self, name: str, shape: tuple[int, int]) -> Matrix:
        return self._place(*self._blocks(name, shape))

    def _place(self, values_NK: np.ndarray, scales_NB: np.ndarray) -> Matrix:
        panels = pack(values_NK, scales_NB, self._form)
        return Matrix(self.arena.keep(panels), len(panels) * ROWS, values_NK.shape[1])

    def _blocks(self, name: str, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        scales_shape = (*shape[:-1], shape[-1] // BLOCK)
        return self._take(name, shape, "int8"), self._take(name + SCALE, scales_shape, "float16")

    def _vector(self, name: str, *shape: int) -> int:
        return self.arena.keep(self._take(name, shape, "float32"))

    def _take(self, name: str, shape: tuple[int, ...], dtype: str) -> np.ndarray:
        found = self._tensors.get(name)
        if found is None or (found.shape, found.dtype.name) != (shape, dtype):
            what = "none" if found is None else f"{found.dtype} {found.shape}"
            raise IntegrityError(
                f"expected {dtype} {shape} as {name} of an int8 model, found {what}; quantize the "
                "model again"
            )
        return found


_SHARED_FIELDS = ("d_model", "n_layers", "n_heads", "n_kv_heads", "d_head")


def _describe_mixture(config: ModelConfig) -> dict[str, int]:
    """Return the fields of a network that are about experts.

    The widest layer is the one whose hidden rows, of all experts of a token, need the most room.
    """
    moe = config.moe
    if moe is None:
        return {"n_experts": 0, "n_experts_per_token": 0, "is_softmax": 0, "widest": config.d_ff}
    together = (moe.n_experts_per_token + moe.n_shared_experts) * moe.d_expert
    return {
        "n_experts": moe.n_experts,
        "n_experts_per_token": moe.n_experts_per_token,
        "is_softmax": int(moe.router == "softmax"),
        "widest": max(together, config.d_ff if moe.n_dense_layers else 0),
    }


def turns(n_positions: int, d_head: int, theta: float) -> tuple[np.ndarray, np.ndarray]:
    """Return cosine and sine of each position's angles, (P, H / 2), computed in float64.

    Reference:
        Su et al. 2021 (arXiv:2104.09864), section 3.2.2, as in :mod:`alm.model.rotary`.
    """
    rates = [theta ** (-2 * i / d_head) for i in range(d_head // 2)]
    angles = np.outer(np.arange(n_positions, dtype=np.float64), np.array(rates))
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)

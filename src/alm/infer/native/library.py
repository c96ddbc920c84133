"""The compiled C program: its structures, as ctypes lays them out, and its functions."""

import ctypes
from pathlib import Path

from alm.errors import IntegrityError
from alm.infer.native.panels import Form


class Matrix(ctypes.Structure):
    """``matrix`` of network.h."""

    _fields_ = (
        ("panels", ctypes.c_void_p),
        ("n_rows", ctypes.c_int64),
        ("n_columns", ctypes.c_int64),
    )


class FeedForward(ctypes.Structure):
    """``feed_forward`` of network.h."""

    _fields_ = (("gate", Matrix), ("up", Matrix), ("down", Matrix))


class Layer(ctypes.Structure):
    """``layer`` of network.h."""

    _fields_ = (
        ("attention_norm", ctypes.c_void_p),
        ("q_norm", ctypes.c_void_p),
        ("k_norm", ctypes.c_void_p),
        ("feed_forward_norm", ctypes.c_void_p),
        ("qkv", Matrix),
        ("o", Matrix),
        ("shared", FeedForward),
        ("experts", ctypes.c_void_p),
        ("router", ctypes.c_void_p),
        ("selection_bias", ctypes.c_void_p),
    )


class Network(ctypes.Structure):
    """``network`` of network.h."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("d_model", "n_layers", "n_heads", "n_kv_heads")),
        *((name, ctypes.c_int64) for name in ("d_head", "n_vocab", "n_positions", "n_experts")),
        *((name, ctypes.c_int64) for name in ("n_experts_per_token", "is_softmax", "widest")),
        ("eps", ctypes.c_float),
        ("cosine", ctypes.c_void_p),
        ("sine", ctypes.c_void_p),
        ("norm", ctypes.c_void_p),
        ("embedding", Matrix),
        ("output", Matrix),
        ("layers", ctypes.c_void_p),
    )


class Token(ctypes.Structure):
    """``token`` of network.h."""

    _fields_ = (
        ("keys", ctypes.c_void_p),
        ("values", ctypes.c_void_p),
        ("room", ctypes.c_int64),
        ("id", ctypes.c_int64),
        ("position", ctypes.c_int64),
        ("logits", ctypes.c_void_p),
    )


class Library:
    """A compiled library, loaded.

    Args:
        path: as ``compile_library`` returns it.

    Raises:
        IntegrityError: it cannot be loaded, or lays structures out in another way.
    """

    DONE, NOT_FINITE, BUSY = range(3)

    def __init__(self, path: Path) -> None:
        try:
            functions = ctypes.CDLL(str(path.resolve()))
        except OSError as error:
            raise IntegrityError(f"cannot load {path}: {error}; remove it") from None
        self._functions = functions
        functions.alm_open.restype = ctypes.c_void_p
        functions.alm_open.argtypes = (ctypes.POINTER(Network), ctypes.c_int64)
        functions.alm_read.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
        functions.alm_close.argtypes = (ctypes.c_void_p,)
        functions.alm_close.restype = None
        self.form, self.kernel = self._describe(path)

    def open(self, network: Network, n_threads: int) -> int:
        """Return a decoder of a network whose memory outlives it.

        Raises:
            MemoryError: there is no room to work in.
        """
        decoder = self._functions.alm_open(ctypes.byref(network), n_threads)
        if decoder is None:
            raise MemoryError("no memory for a decoder")
        return decoder

    def close(self, decoder: int) -> None:
        """Give a decoder's memory and threads back."""
        self._functions.alm_close(decoder)

    def read(self, decoder: int, tokens: list[Token]) -> int:
        """Read tokens; return ``DONE``, ``NOT_FINITE`` or ``BUSY``."""
        return self._functions.alm_read(decoder, (Token * len(tokens))(*tokens), len(tokens))

    def _describe(self, path: Path) -> tuple[Form, str]:
        numbers = [ctypes.c_int64() for _ in range(2)]
        sizes, kernel = (ctypes.c_int64 * 3)(), ctypes.c_char_p()
        describe = self._functions.alm_describe
        describe.restype = None
        describe(*map(ctypes.byref, numbers), sizes, ctypes.byref(kernel))
        expected = [ctypes.sizeof(Layer), ctypes.sizeof(Network), ctypes.sizeof(Token)]
        if list(sizes) != expected:
            raise IntegrityError(
                f"expected structures of {expected} bytes, found {list(sizes)}, in {path}; remove "
                "it, so that it is compiled again"
            )
        return Form(*(number.value for number in numbers)), kernel.value.decode()

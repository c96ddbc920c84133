"""Int8 on a CPU without torch: a small C program, compiled where it runs, that reads tokens."""

from alm.infer.native.build import NATIVE, PORTABLE, compile_library
from alm.infer.native.layout import why_not
from alm.infer.native.library import Library
from alm.infer.native.step import KIND, NativeCache, NativeDecoder, open_decoder

__all__ = [
    "KIND",
    "NATIVE",
    "PORTABLE",
    "Library",
    "NativeCache",
    "NativeDecoder",
    "compile_library",
    "open_decoder",
    "why_not",
]

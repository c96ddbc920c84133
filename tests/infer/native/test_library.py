import ctypes

import pytest

from alm.errors import IntegrityError
from alm.infer.native import Library, library
from alm.infer.native.build import compile_library


def test_structures_are_as_long_as_in_c(library_cache, monkeypatch):
    class Token(ctypes.Structure):
        _fields_ = (("keys", ctypes.c_void_p),)

    monkeypatch.setattr(library, "Token", Token)

    with pytest.raises(IntegrityError, match="expected structures of"):
        Library(compile_library(library_cache))


def test_what_is_no_library_is_refused(tmp_path):
    (tmp_path / "decode.so").write_bytes(b"not a library")

    with pytest.raises(IntegrityError, match="cannot load"):
        Library(tmp_path / "decode.so")


def test_library_names_its_kernel_and_how_it_wants_panels(portable):
    assert (portable.kernel, *portable.form) == ("portable", 2, 128)

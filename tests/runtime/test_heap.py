"""keep_freed_memory: what was freed is used again, and the system is not asked for it anew."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from alm.runtime import heap

SIZE = 128 * 2**20  # more than glibc ever keeps unasked

# In a process of its own: what is set there lasts until its end.
PROGRAM = f"""
import ctypes, resource, sys
from alm.runtime.heap import keep_freed_memory

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p

def fill(n_times):
    for _ in range(n_times):
        block = ctypes.c_void_p(libc.malloc({SIZE}))
        ctypes.memset(block, 1, {SIZE})
        libc.free(block)

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

kept = sys.argv[1] == "keep" and keep_freed_memory()
fill(3)
before = faults()
fill(5)
print(kept, (faults() - before) * resource.getpagesize() / (5 * {SIZE}))
"""

needs_glibc = pytest.mark.skipif(heap._find_mallopt() is None, reason="the C library is not glibc")


def share_of_pages_that_come_anew(how):
    argv = [sys.executable, "-c", PROGRAM, how]
    kept, share = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()
    assert kept == str(how == "keep")
    return float(share)


@needs_glibc
def test_a_block_as_large_as_one_before_lies_where_that_lay():
    assert share_of_pages_that_come_anew("keep") < 0.01


@needs_glibc
def test_without_it_each_block_would_come_page_by_page():
    """Else this module were for nothing."""
    assert share_of_pages_that_come_anew("do not") > 0.5


def test_a_c_library_without_the_function_is_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(heap.ctypes, "CDLL", lambda name: object())

    assert not heap.keep_freed_memory()


def test_a_function_of_that_name_elsewhere_is_not_called(monkeypatch):
    """Its numbers may mean something else there."""
    other = SimpleNamespace(mallopt=lambda option, value: pytest.fail("called"))
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(heap.ctypes, "CDLL", lambda name: other)

    assert not heap.keep_freed_memory()


def test_a_library_that_refuses_is_not_said_to_keep_anything(monkeypatch):
    monkeypatch.setattr(heap, "_find_mallopt", lambda: lambda option, value: 0)

    assert not heap.keep_freed_memory()

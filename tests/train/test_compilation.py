"""Compilation: decided once by the run's arithmetic, in force while it trains, and named."""

import os
from dataclasses import replace

import pytest

from alm.checkpoint import ModelSpec
from alm.config import Params
from alm.model import Transformer, fusion
from alm.runtime import numerics as runtime
from alm.train import compilation
from alm.train.compilation import compiled_as_decided, decide_compilation

TINY = Params.load("tiny")
SPEC = ModelSpec(model=TINY.model, n_vocab=320, seq_len=128, tokenizer_sha256="ab" * 32)
FLOPS = 200_704 * 6 * 1e6  # tokens of 98 steps, by six times about a million active weights


@pytest.fixture
def native(numerics, tmp_path, monkeypatch):
    monkeypatch.setenv("ALM_STATE_DIR", str(tmp_path))
    monkeypatch.setattr(runtime, "_find_missing_compiler", lambda _: None)
    return replace(numerics, mode="native")


@pytest.fixture
def rehearse(monkeypatch):
    """Let the rehearsal end as told, and remember what it was asked."""
    asked = []

    def end(failure):
        def look(*given, recomputes):
            assert recomputes == TINY.train.recompute
            return asked.append(given) or failure

        monkeypatch.setattr(compilation, "find_compile_failure", look)
        return asked

    return end


def set_threshold(monkeypatch, n_flops):
    monkeypatch.setattr(runtime, "WORTH_COMPILING", {"cpu": n_flops})


def test_a_run_with_enough_arithmetic_is_compiled(native, rehearse, monkeypatch, tmp_path):
    set_threshold(monkeypatch, FLOPS / 2)
    asked = rehearse(None)

    assert decide_compilation(TINY, SPEC, native, print).compiled
    assert asked == [(TINY.model, native, tmp_path / "compiled")]


def test_a_shorter_run_is_not_and_rehearses_nothing(native, rehearse, monkeypatch):
    set_threshold(monkeypatch, FLOPS * 2)
    asked = rehearse(None)

    assert not decide_compilation(TINY, SPEC, native, print).compiled
    assert asked == []


def test_a_rehearsal_that_fails_is_told_and_the_run_goes_on_as_written(
    native, rehearse, monkeypatch
):
    set_threshold(monkeypatch, FLOPS / 2)
    rehearse("no disk")
    said = []

    assert decide_compilation(TINY, SPEC, native, said.append) == native
    assert said == ["runs uncompiled, and so slower: no disk"]


@pytest.mark.parametrize("compiled", [False, True])
def test_kernels_are_compiled_just_while_it_trains(native, compiled):
    with compiled_as_decided(Transformer(TINY.model, 320), replace(native, compiled=compiled)):
        assert fusion.Kernel.compiles is compiled

    assert not fusion.Kernel.compiles


@pytest.mark.parametrize(
    ("device", "compiled", "whole"),
    [("cuda", True, True), ("cuda", False, False), ("cpu", True, False)],
)
def test_blocks_are_compiled_whole_on_cuda_alone(native, monkeypatch, device, compiled, whole):
    model, given = Transformer(TINY.model, 320), []
    monkeypatch.setattr(compilation, "compile_blocks", given.append)

    with compiled_as_decided(model, replace(native, device=device, compiled=compiled)):
        pass

    assert given == [model.blocks] * whole


def test_what_was_compiled_stays_in_the_state_directory(native, tmp_path):
    with compiled_as_decided(Transformer(TINY.model, 320), native):
        assert os.environ[fusion.CACHE] == str(tmp_path / "compiled")

import os
import signal
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import torch
from safetensors.numpy import load

from alm.checkpoint import ModelSpec, publish_model
from alm.config import WindowConfig
from alm.errors import ConfigError, InputError, IntegrityError
from alm.infer import Engine
from alm.infer.native import NativeCache, NativeDecoder, build, compile_library, open_decoder
from alm.infer.native.library import Library
from alm.infer.native.step import _tell
from alm.quant import quantize_model

N_TOKENS = 100  # more than go through the network together
OLDER = [("-DALM_PORTABLE",)]
"""Flags for processors that can do less than this one."""
CPU = Path("/proc/cpuinfo")
if CPU.exists() and " avx2 " in CPU.read_text():
    OLDER.append(("-march=x86-64-v3",))


def score(decoder, ids):
    return decoder.score(ids, decoder.new_cache(len(ids)))


# --- what it says ---------------------------------------------------------------------------------


def test_scores_are_those_of_a_slow_program(made, library, open_model, ids_of, slow):
    ids = ids_of(N_TOKENS)

    found, expected = score(open_model(made, library), ids).numpy(), slow(made, ids)

    # Equal to the rounding of float32, until a number falls on the other side of a half there and
    # an activation is a step larger or smaller: that moves this token and those that attend to it.
    error_T = np.abs(found - expected).max(-1)
    assert error_T[:30].max() < 1e-5
    assert error_T.max() < 0.05 * np.abs(expected).max()


def test_scores_agree_with_torch_on_the_same_weights(made, library, open_model, ids_of):
    """What is left between them is activations in int8; llama.cpp differs from torch as much."""
    ids = ids_of(N_TOKENS)
    with torch.no_grad():
        expected_TV = made.model.logits(made.model(torch.tensor([ids])).hidden_BTD[0])

    found_TV = score(open_model(made, library), ids)

    log_p, log_q = expected_TV.log_softmax(-1), found_TV.log_softmax(-1)
    assert (log_p.exp() * (log_p - log_q)).sum(-1).mean() < 5e-3
    top = expected_TV.topk(2).values
    is_clear_T = top[:, 0] - top[:, 1] > 0.5
    assert is_clear_T.sum() > 10
    is_same_T = found_TV.argmax(-1) == expected_TV.argmax(-1)
    assert is_same_T[is_clear_T].float().mean() > 0.95  # but where another expert was chosen


# --- what changes no bit --------------------------------------------------------------------------


def test_reading_at_once_or_in_parts_gives_the_same_bits(made, library, open_model, ids_of):
    decoder, ids = open_model(made, library), ids_of(N_TOKENS)
    cache, whole_TV = decoder.new_cache(N_TOKENS), score(decoder, ids)

    parts = [decoder.score(ids[:7], cache), decoder.prefill(ids[7:80], cache)[None]]
    parts += [decoder.step([i], [cache]) for i in ids[80:]]

    assert torch.equal(torch.cat(parts), torch.cat([whole_TV[:7], whole_TV[79:]]))
    assert cache.length == N_TOKENS


def test_threads_change_no_bit(made, library, open_model, ids_of):
    alone, ids = open_model(made, library), ids_of(N_TOKENS)

    for n_threads in (2, 3):
        together = open_model(made, library, n_threads)
        cache = together.new_cache(N_TOKENS)
        found = [together.score(ids[:90], cache)]
        found += [together.step([i], [cache]) for i in ids[90:]]
        assert torch.equal(torch.cat(found), score(alone, ids))


def test_plain_c_gives_the_same_bits(made, library, portable, open_model, ids_of):
    ids = ids_of(N_TOKENS)

    found = [score(open_model(made, each), ids) for each in (portable, library)]

    assert portable.kernel == "portable"
    assert torch.equal(*found)


@pytest.mark.parametrize("flags", OLDER)
def test_older_processors_give_the_same_bits(
    flags, mixture, library, library_cache, open_model, ids_of
):
    other, ids = Library(compile_library(library_cache, flags)), ids_of(N_TOKENS)

    assert torch.equal(*(score(open_model(mixture, each), ids) for each in (library, other)))


def test_neighbours_in_a_step_change_no_bit(made, library, open_model, ids_of):
    decoder = open_model(made, library)
    texts = [ids_of(length, seed=length) for length in (1, 17, 40)]
    caches = [decoder.new_cache(60) for _ in texts]
    for text, cache in zip(texts, caches, strict=True):
        decoder.prefill(text, cache)

    found_BV = decoder.step([5, 6, 7], caches)

    alone = [score(decoder, [*text, i])[-1] for text, i in zip(texts, (5, 6, 7), strict=True)]
    assert torch.equal(found_BV, torch.stack(alone))
    assert [cache.length for cache in caches] == [2, 18, 41]


# --- caches ---------------------------------------------------------------------------------------


def test_what_was_cut_off_is_forgotten(mixture, library, open_model, ids_of):
    decoder, ids = open_model(mixture, library), ids_of(30)
    cache = decoder.new_cache(40)
    first_V = decoder.prefill(ids, cache)
    decoder.prefill(ids_of(10, seed=3), cache)

    cache.truncate(20)
    assert torch.equal(decoder.prefill(ids[20:], cache), first_V)
    cache.truncate(50)
    assert cache.length == 30
    cache.truncate(0)
    assert torch.equal(decoder.prefill(ids, cache), first_V)


def test_cache_is_no_longer_than_the_longest_sequence(mixture, library, open_model):
    decoder = open_model(mixture, library)

    assert decoder.new_cache(10_000).max_len == decoder.n_positions == 150


def test_last_position_of_the_longest_sequence_is_read(made, library, open_model, ids_of):
    ids = ids_of(150)

    assert torch.isfinite(score(open_model(made, library, 2), ids)).all()


def test_forked_child_lets_go_of_threads_that_it_does_not_have(mixture, library, open_model):
    decoders = [open_model(mixture, library, 2)]
    child = os.fork()
    if not child:
        signal.alarm(20)  # ends a child that waits
        decoders.clear()
        os._exit(0)

    assert os.waitpid(child, 0)[1] == 0


# --- what is refused ------------------------------------------------------------------------------


def test_text_longer_than_its_cache_is_refused(mixture, library, open_model, ids_of):
    decoder = open_model(mixture, library)
    cache = decoder.new_cache(8)
    decoder.prefill(ids_of(8), cache)

    with pytest.raises(InputError, match="expected at most 8 tokens, found 8 and 1 more"):
        decoder.step([0], [cache])
    assert cache.length == 8


@pytest.mark.parametrize("ids", [[], [-1], [0, 101]])
def test_what_is_no_token_is_refused(ids, mixture, library, open_model):
    decoder = open_model(mixture, library)

    with pytest.raises(InputError, match="expected token ids from 0 to 100, at least one, found"):
        decoder.prefill(ids, decoder.new_cache(8))


def test_cache_of_another_model_is_refused(mixture, library, open_model, config_of):
    decoder = open_model(mixture, library)
    other = NativeCache(config_of("dense, tied, one key head"), 8)

    with pytest.raises(ValueError, match="expected a cache made by this decoder"):
        decoder.prefill([1], other)
    with pytest.raises(ValueError, match="expected a cache made by this decoder"):
        decoder.prefill([1], NativeCache(mixture.config, 10_000))


def test_one_cache_for_two_tokens_of_a_step_is_refused(mixture, library, open_model):
    decoder = open_model(mixture, library)
    cache = decoder.new_cache(8)

    with pytest.raises(ValueError, match="found one twice"):
        decoder.step([1, 2], [cache, cache])


def test_two_threads_do_not_disturb_each_other(mixture, library, open_model, ids_of):
    """One of them may be refused; whoever is served is served right."""
    decoder, ids, wrong = open_model(mixture, library, 2), ids_of(N_TOKENS), []
    expected_TV = score(decoder, ids)

    def read():
        for _ in range(20):
            try:
                found_TV = score(decoder, ids)
            except RuntimeError:
                continue
            if not torch.equal(found_TV, expected_TV):
                wrong.append(found_TV)

    threads = [Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize(
    "name",
    [
        "norm.weight",
        "embed.weight.scale",
        "blocks.0.attention.q_norm.weight",
        "blocks.0.attention.v.weight.scale",
        "blocks.1.feed_forward.router.weight",
        "blocks.1.feed_forward.shared.down.weight.scale",
    ],
)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_told_as_torch_tells_them(
    name, value, remake, library, portable, open_model, tokenizer
):
    made = remake()
    made.tensors[name] = made.tensors[name].copy()
    made.tensors[name].flat[:] = value

    said = [refusal_of(open_model(made, each)) for each in (library, portable)]

    with pytest.raises(IntegrityError) as expected:
        tell_in_torch(made, tokenizer)
    assert said == [str(expected.value)] * 2


def refusal_of(decoder):
    """What is said where scores are not finite; the cache stays as it was."""
    cache = decoder.new_cache(4)
    with pytest.raises(IntegrityError) as found:
        decoder.prefill([1, 2, 3], cache)
    assert cache.length == 0
    return str(found.value)


def tell_in_torch(made, tokenizer):
    """Let the engine find a NaN."""
    with torch.no_grad():
        made.model.norm.weight.fill_(torch.nan)
    tokenizer.vocab_size = made.model.n_vocab
    engine = Engine(made.model, tokenizer, "cpu", 16)
    engine.generate("", None, None)


def test_shape_that_is_not_written_in_c_is_refused(mixture, library, config_of, open_model):
    mixture = type(mixture)(**vars(mixture) | {"config": config_of(position="alibi")})

    with pytest.raises(ConfigError, match="position is alibi, and only rope is written in C"):
        open_model(mixture, library)


# --- from a directory -----------------------------------------------------------------------------


@pytest.fixture
def directory(tmp_path, remake):
    """A model of a small window, quantized to a directory as the stage does."""

    def write(**changes):
        made = remake(**changes)
        spec = ModelSpec(model=made.config, n_vocab=101, seq_len=32, tokenizer_sha256="0" * 64)
        nothing = {"params": {}, "inputs": {}, "code": {}, "libraries": {}, "facts": {}}
        weights = {"model": made.model.state_dict()}
        publish_model(tmp_path / "model", spec, weights, **nothing)
        quantize_model(tmp_path / "model", tmp_path / "int8", {})
        return tmp_path / "int8"

    return write


def test_int8_directory_is_read(directory, library, remake, ids_of, slow):
    path, made, ids = directory(), remake(), ids_of(20)

    decoder = NativeDecoder.load(path, library, 1)

    made.tensors = load((path / "model.int8.safetensors").read_bytes())
    assert np.median(np.abs(score(decoder, ids).numpy() - slow(made, ids))) < 1e-4
    assert decoder.n_positions == 32


def test_damaged_int8_file_is_refused(directory, library):
    path = directory()
    weights = path / "model.int8.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")

    with pytest.raises(IntegrityError, match=r"model\.int8\.safetensors: expected"):
        NativeDecoder.load(path, library, 1)


def test_fast_way_is_taken_where_there_is_one(directory, library_cache, capsys):
    decoder = open_decoder(directory(), library_cache, 1)

    assert torch.isfinite(decoder.prefill([1], decoder.new_cache(4))).all()
    assert capsys.readouterr().err == ""


def test_why_it_has_to_be_torch_is_said_once(directory, library_cache, capsys, monkeypatch):
    path = directory()
    monkeypatch.setattr(build, "COMPILERS", ("no-such-compiler",))
    _tell.cache_clear()

    assert open_decoder(path, library_cache, 1) is None
    assert open_decoder(path, library_cache, 1) is None

    assert capsys.readouterr().err == (
        "[float32 in torch, slower than int8 in compiled code: expected a C compiler "
        "(no-such-compiler), found none on the PATH; install one]\n"
    )


def test_shape_that_has_to_be_torch_is_named(directory, library_cache, capsys):
    path = directory(window=WindowConfig(size=8, full_every=2))
    _tell.cache_clear()

    assert open_decoder(path, library_cache, 1) is None
    assert "window is set, and windows are not written in C]\n" in capsys.readouterr().err

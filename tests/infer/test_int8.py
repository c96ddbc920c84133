"""load_int8: the int8 form answers where it can, says so, and is of the very model asked for."""

import shutil
from types import SimpleNamespace

import pytest

from alm.checkpoint import publish_model, read_spec
from alm.config import Machine, load_model_config
from alm.errors import IntegrityError
from alm.infer import Engine, Request
from alm.infer.int8 import choose_threads, load_int8
from alm.infer.native import build
from alm.infer.native.step import _tell
from alm.infer.native_network import NativeNetwork
from alm.quant import quantize_model, read_dequantized


@pytest.fixture
def machine(state_dir):
    return Machine(state_dir=state_dir, threads=2)


@pytest.fixture
def paths(published, corpus, tmp_path):
    quantize_model(published, tmp_path / "int8", {})
    return {"model": published, "int8": tmp_path / "int8", "tokenizer": corpus / "tokenizer"}


@pytest.fixture
def say(make_config):
    """Continue a prompt, greedily."""

    def say(engine):
        request = Request(prompt="the cat", config=make_config(), seed=None, n_top=3)
        return engine.start(request).complete()

    return say


def test_int8_form_answers_and_tells_so(paths, machine, capsys):
    engine = load_int8(**paths, machine=machine)

    assert isinstance(engine.network, NativeNetwork)
    assert engine.seq_len == read_spec(paths["model"]).seq_len
    assert capsys.readouterr().err.startswith("[int8 in compiled code: ")
    assert list((machine.state_dir / "native").rglob("*.so"))


def test_it_says_what_torch_says_with_the_same_weights(paths, machine, say):
    """But for the rounding of activations to int8, which the receipt does not count."""
    ours = say(load_int8(**paths, machine=machine))
    reference = Engine.load(paths["model"], paths["tokenizer"], "cpu")
    reference.model.load_state_dict(read_dequantized(paths["int8"]))
    theirs = say(reference)

    first = next((i for i in range(12) if ours.ids[i] != theirs.ids[i]), 12)
    assert first >= 1
    for one, other in zip(ours.scores[:first], theirs.scores, strict=False):
        assert one.logprob == pytest.approx(other.logprob, abs=0.1)


def test_without_an_int8_form_torch_answers(paths, machine, capsys):
    shutil.rmtree(paths["int8"])

    assert load_int8(**paths, machine=machine) is None
    assert capsys.readouterr().err == (
        "[float32 in torch: there is no int8 form yet, which make quantize builds]\n"
    )


def test_int8_form_of_a_former_model_does_not_answer(paths, machine, capsys, make_model):
    spec = read_spec(paths["model"])
    model = make_model(seed=7, n_vocab=spec.n_vocab)
    shutil.rmtree(paths["model"])
    nothing = {"params": {}, "inputs": {}, "code": {}, "libraries": {}, "facts": {}}
    publish_model(paths["model"], spec, {"model": model.state_dict()}, **nothing)

    assert load_int8(**paths, machine=machine) is None
    assert "the int8 form is of another model; make quantize renews it" in capsys.readouterr().err


def test_without_a_compiler_torch_answers(paths, machine, capsys, monkeypatch):
    monkeypatch.setattr(build, "COMPILERS", ("no-such-compiler",))
    _tell.cache_clear()

    assert load_int8(**paths, machine=machine) is None
    assert capsys.readouterr().err.startswith(
        "[float32 in torch, slower than int8 in compiled code: expected a C compiler"
    )


def test_tokenizer_of_another_model_is_refused(paths, machine, monkeypatch):
    now = SimpleNamespace(sha256="of the text that is there now")
    monkeypatch.setattr("alm.infer.engine.Tokenizer.load", lambda _: now)

    with pytest.raises(IntegrityError, match="build the model again"):
        load_int8(**paths, machine=machine)


@pytest.mark.parametrize(
    ("model", "n_cores", "n_threads"),
    [("tiny", 8, 1), ("pico", 1, 1), ("pico", 8, 2), ("nano", 8, 6), ("small", 8, 8)],
)
def test_a_small_network_has_few_threads(model, n_cores, n_threads):
    shape = load_model_config(model)

    assert choose_threads(shape, shape.vocab_size, n_cores) == n_threads

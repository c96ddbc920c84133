"""continue_prompt: a stream on the terminal, from whichever model is asked for, and no file."""

import io
import shutil
import sys
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from alm.checkpoint import SavedState, StateStore, load_model, read_spec
from alm.config import Params
from alm.errors import CheckpointError, IntegrityError
from alm.infer import Engine, continue_prompt, terminal
from alm.io import write_json
from alm.quant import quantize_model

REPO = Path(__file__).parents[2]


@pytest.fixture
def project(published, corpus, tmp_path, monkeypatch):
    """A checkout in which tiny is built; the working directory of the test."""
    root = tmp_path / "project"
    shutil.copytree(REPO / "configs", root / "configs")
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(REPO / name, root / name)
    shutil.copytree(corpus, root / "build/corpora/synthetic")
    shutil.copytree(published, root / "build/models/tiny/pretrain")
    monkeypatch.chdir(root)
    monkeypatch.setenv("ALM_STATE_DIR", str(root / "state"))
    return root


def save_state(project):
    """Save a state of tiny's run, all of its weights zero."""
    published = project / "build/models/tiny/pretrain"
    spec, model = read_spec(published), load_model(published, "cpu")
    run = project / "state/tiny/run"
    tensors = {name: values * 0 for name, values in model.state_dict().items()}
    StateStore(run, 1, print).save(SavedState(3, {"model": tensors}, {}))
    write_json(run / "config.json", asdict(spec))
    write_json(run.parent / "current.json", {"run": "run"})


def files_below(root):
    return sorted(path.relative_to(root) for path in root.rglob("*"))


def test_prompt_and_continuation_are_streamed_and_nothing_is_written(project, capsys):
    before = files_below(project)

    continue_prompt("tiny", "the cat", latest=False, device="cpu")

    params = Params.load("tiny")
    places = project / "build/models/tiny/pretrain", project / "build/corpora/synthetic/tokenizer"
    said = Engine.load(*places, "cpu").stream("the cat", params.sample, params.seed).complete()
    shown = capsys.readouterr()
    assert shown.out == f"the cat{said.text.translate(terminal.VISIBLE)}\n"
    assert shown.err.splitlines()[-1].startswith(f"[{said.finish_reason}: ")
    assert files_below(project) == before


def test_int8_form_answers_where_it_is_built(project, capsys, state_dir, monkeypatch):
    monkeypatch.setenv("ALM_STATE_DIR", str(state_dir))
    models = project / "build/models/tiny"
    quantize_model(models / "pretrain", models / "int8", {})

    continue_prompt("tiny", "the cat", latest=False, device="cpu", choose=["max_new_tokens=3"])

    who, why = capsys.readouterr().err.splitlines()
    assert who.startswith("[int8 in compiled code: ")
    assert why.startswith("[length: ")
    assert any((state_dir / "native").rglob("*.so"))


def test_what_is_measured_is_the_model_as_trained_where_int8_is_built_too(
    project, state_dir, monkeypatch
):
    monkeypatch.setenv("ALM_STATE_DIR", str(state_dir))
    models, tokenizer = project / "build/models/tiny", "build/corpora/synthetic/tokenizer"
    quantize_model(models / "pretrain", models / "int8", {})
    ids = [1, *range(10, 20)]

    measured, fastest = (
        load("tiny", "cpu").score(ids).logprobs_T
        for load in (terminal.load_published, terminal.load_fastest)
    )

    trained = Engine.load(models / "pretrain", project / tokenizer, "cpu").score(ids).logprobs_T
    assert measured.tolist() == trained.tolist()
    assert fastest.tolist() != trained.tolist()


def test_choices_are_the_models_and_each_continuation_is_another(project, capsys):
    chosen = ["n=2", "max_new_tokens=3", "seed=5", "temperature=2"]

    continue_prompt("tiny", "the cat", latest=False, device="cpu", choose=chosen)

    places = project / "build/models/tiny/pretrain", project / "build/corpora/synthetic/tokenizer"
    config = replace(Params.load("tiny").sample, max_new_tokens=3, temperature=2.0)
    said = Engine.load(*places, "cpu").generate("the cat", config, 5, n=2)
    texts = [f"the cat{each.text.translate(terminal.VISIBLE)}\n" for each in said]
    shown = capsys.readouterr()
    assert shown.out == "\n".join(texts)
    assert shown.err.endswith("[length: 3 new tokens, as many as asked for]\n" * 2)


def test_a_full_context_is_explained(project, capsys):
    continue_prompt("tiny", "the cat " * 6, latest=False, device="cpu", choose=["temperature=0"])

    words = "prompt and text fill the 32 tokens that the model was trained to see"
    assert capsys.readouterr().err.endswith(f"[context: {words}]\n")


def test_latest_is_the_newest_state_of_the_run(project, capsys, monkeypatch):
    save_state(project)
    chosen = []
    monkeypatch.setattr(
        terminal, "Engine", lambda model, *rest: chosen.append(model) or Engine(model, *rest)
    )

    continue_prompt("tiny", "the cat", latest=True, device="cpu")

    assert all((values == 0).all() for values in chosen[0].state_dict().values())
    assert capsys.readouterr().out.startswith("the cat")


def test_latest_of_a_run_on_other_text_is_refused(project, monkeypatch):
    save_state(project)
    now = SimpleNamespace(sha256="of the text that is there now")
    monkeypatch.setattr(terminal.Tokenizer, "load", lambda _: now)

    with pytest.raises(IntegrityError, match="another tokenizer than the one that is built now"):
        continue_prompt("tiny", "the cat", latest=True, device="cpu")


def test_latest_without_a_run_says_how_to_start_one(project):
    with pytest.raises(CheckpointError, match=r"make pretrain PRESET="):
        continue_prompt("tiny", "the cat", latest=True, device="cpu")


def test_missing_model_names_the_command_that_makes_it(project):
    shutil.rmtree(project / "build/models/tiny/pretrain")

    with pytest.raises(IntegrityError, match="found none; build it with `make pretrain PRESET=t"):
        continue_prompt("tiny", "the cat", latest=False, device="cpu")


def test_control_characters_cannot_move_the_cursor():
    text = "a\x1b[2J\r\x7f\x9b\n\tb\u00e9"

    assert text.translate(terminal.VISIBLE) == "a\u241b[2J\u240d\u2421\ufffd\n\tb\u00e9"


def test_what_the_terminal_cannot_encode_becomes_a_question_mark(monkeypatch):
    buffer = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer, encoding="latin-1"))

    terminal._write("\u00e9\u20ac")

    assert buffer.getvalue() == b"\xe9?"

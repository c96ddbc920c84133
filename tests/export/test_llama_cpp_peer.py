"""llama.cpp in a process of its own: what it says comes back, and how it ended."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from alm.errors import IntegrityError
from alm.export import llama_cpp_peer
from alm.export.gguf import Format
from alm.export.llama_cpp_peer import Questions, ask_llama_cpp

pytestmark = pytest.mark.usefixtures("llama_cpp")


@pytest.fixture
def path(exported_of):
    return exported_of().ggufs[Format.F32]


@pytest.fixture
def questions(tokenizer):
    prompts = [[1], [1, *tokenizer.encode("the harbour")]]
    return Questions(["", "the <|user|>", "</s>\0"], prompts, tokenizer.vocab_size, 36)


def test_it_answers_every_question(path, questions, tokenizer):
    answers = ask_llama_cpp(path, questions, 1)

    assert answers.ids == [[1, *tokenizer.encode(text)] for text in questions.texts]
    assert answers.logprobs_PV.shape == (2, tokenizer.vocab_size)
    np.testing.assert_allclose(np.exp(answers.logprobs_PV).sum(-1), 1, atol=1e-5)


def test_a_damaged_file_is_an_error_with_its_last_words(path, questions, tmp_path):
    (tmp_path / "cut.gguf").write_bytes(path.read_bytes()[:-5000])

    with pytest.raises(IntegrityError, match=r"cut\.gguf: expected llama\.cpp to load it"):
        ask_llama_cpp(tmp_path / "cut.gguf", questions, 1)


def test_a_process_that_aborts_takes_us_not_with_it(path, questions, tmp_path, monkeypatch):
    (tmp_path / "aborts.py").write_text("import os; os.abort()")
    monkeypatch.setattr(llama_cpp_peer, "SERVER", tmp_path / "aborts.py")

    with pytest.raises(IntegrityError, match="found exit code -6: .*nothing was published"):
        ask_llama_cpp(path, questions, 1)


def test_a_process_that_never_answers_is_ended(path, questions, tmp_path, monkeypatch):
    (tmp_path / "waits.py").write_text("import time; time.sleep(100)")
    monkeypatch.setattr(llama_cpp_peer, "SERVER", tmp_path / "waits.py")
    monkeypatch.setattr(llama_cpp_peer, "PATIENCE", 0.1)

    with pytest.raises(IntegrityError, match="within 0.1 seconds, found none"):
        ask_llama_cpp(path, questions, 1)


def test_a_prompt_longer_than_the_context_is_refused_in_its_words(path, questions):
    with pytest.raises(IntegrityError, match="exceeds the available context size"):
        ask_llama_cpp(path, replace(questions, prompts=[[5] * 200]), 1)


TALKATIVE = """
import sys
from types import SimpleNamespace as Any
CommonParams = lambda: Any(model=Any(), cpuparams=Any(), cpuparams_batch=Any())
ggml_type = Any(GGML_TYPE_F32=0)
llama_flash_attn_type = Any(LLAMA_FLASH_ATTN_TYPE_DISABLED=0)
def Server(parameters):
    print("loading", flush=True)
    assert not [path for path in sys.path if path.endswith("export")], sys.path
    return Any(listening_address="http://127.0.0.1:1")
"""


def test_what_it_prints_is_no_answer_and_our_modules_hide_none_of_its(path, tmp_path, monkeypatch):
    (tmp_path / "xllamacpp.py").write_text(TALKATIVE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    answers = ask_llama_cpp(path, Questions([], [], 5, 36), 1)

    assert (answers.ids, len(answers.logprobs_PV)) == ([], 0)


def test_whether_it_is_installed_is_found_without_loading_it():
    assert llama_cpp_peer.has_llama_cpp()
    assert "xllamacpp" not in sys.modules

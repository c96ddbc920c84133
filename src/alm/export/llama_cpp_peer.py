"""A GGUF file in llama.cpp, as far as it is installed."""

import importlib.util
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from alm.errors import IntegrityError

SERVER = Path(__file__).with_name("llama_cpp_server.py")
PATIENCE = 3600  # seconds for a whole file
LAST_WORDS = 5  # lines of llama.cpp that an error repeats
LEAST_CONTEXT = 256  # its own steps; the model's context is the most all the same


@dataclass(frozen=True)
class Questions:
    """What is asked of a file."""

    texts: list[str]
    prompts: list[list[int]]
    n_vocab: int
    ascii_id: int
    """A token whose text is ASCII."""


@dataclass(frozen=True)
class Answers:
    """What llama.cpp makes of it."""

    ids: list[list[int]]
    """Of each text, BOS first."""
    logprobs_PV: np.ndarray
    """Of the token behind each prompt; NaN where none was given."""


def has_llama_cpp() -> bool:
    """Whether the package xllamacpp, which brings llama.cpp, is installed."""
    return importlib.util.find_spec("xllamacpp") is not None


def ask_llama_cpp(path: Path, questions: Questions, threads: int) -> Answers:
    """Load a GGUF file in another process, and return what llama.cpp reads and predicts.

    Raises:
        IntegrityError: llama.cpp refuses the file, dies of it, or does not answer.
    """
    request = {
        "path": str(path),
        "threads": threads,
        "context": max([LEAST_CONTEXT, *(len(prompt) + 1 for prompt in questions.prompts)]),
        "texts": questions.texts,
        "prompts": questions.prompts,
        "n_vocab": questions.n_vocab,
        "ascii": questions.ascii_id,
    }
    # -P: this folder is not put before the packages, for it has a module gguf too.
    command = [sys.executable, "-P", str(SERVER)]
    try:
        done = subprocess.run(
            command,
            input=json.dumps(request),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        raise IntegrityError(
            f"{path.name}: expected an answer of llama.cpp within {PATIENCE} seconds, found none; "
            "nothing was published: run the stage again"
        ) from None
    if done.returncode != 0:
        last = " / ".join(done.stderr.strip().splitlines()[-LAST_WORDS:])
        raise IntegrityError(
            f"{path.name}: expected llama.cpp to load it and answer, found exit code "
            f"{done.returncode}: {last}; nothing was published: please report it"
        )
    answer = json.loads(done.stdout)
    return Answers(answer["ids"], np.array(answer["logprobs"], dtype=np.float64))

"""An engine of a model's int8 form, where this machine can compile the program that reads it."""

import sys
from pathlib import Path

from alm.checkpoint import read_spec
from alm.checkpoint.published import KIND as MODEL
from alm.config import Machine, ModelConfig, available_cores
from alm.infer.engine import Engine, read_tokenizer
from alm.infer.native import KIND, open_decoder
from alm.infer.native_network import NativeNetwork
from alm.io import Manifest
from alm.model import describe

LIBRARIES = "native"  # below the machine's state
WEIGHTS_PER_THREAD = 4_000_000
"""Weights that a token reads, for each thread: with fewer, threads wait for each other."""


def load_int8(model: Path, int8: Path, tokenizer: Path, machine: Machine) -> Engine | None:
    """Make an engine of the int8 form of a published model; None where torch has to answer.

    Who answers, and why, is said on standard error.

    Args:
        model: directory of the published model.
        int8: directory of its int8 form, if it is built.
        tokenizer: directory of the tokenizer that it was trained with.
        machine: says where compiled libraries are kept, and how many threads there are.

    Raises:
        IntegrityError: a file is damaged, or the tokenizer is another one.
    """
    if not int8.is_dir():
        return _tell("float32 in torch: there is no int8 form yet, which make quantize builds")
    if Manifest.read(int8, KIND).inputs["model"] != Manifest.read(model, MODEL).sha256:
        return _tell("float32 in torch: the int8 form is of another model; make quantize renews it")
    spec = read_spec(int8)
    n_threads = choose_threads(spec.model, spec.n_vocab, machine.threads or available_cores())
    decoder = open_decoder(int8, machine.state_dir / LIBRARIES, n_threads)
    if decoder is None:
        return None
    _tell(f"int8 in compiled code: {decoder.kernel}, {n_threads} thread(s)")
    vocabulary = read_tokenizer(tokenizer, spec, int8)
    return Engine(None, vocabulary, "cpu", spec.seq_len, network=NativeNetwork(decoder))


def choose_threads(config: ModelConfig, n_vocab: int, n_cores: int) -> int:
    """Return how many threads read a token of a network soonest; no bit depends on it."""
    n_active = describe(config, n_vocab, 1).n_active
    return max(1, min(n_cores, n_active // WEIGHTS_PER_THREAD))


def _tell(who: str) -> None:
    sys.stderr.write(f"[{who}]\n")

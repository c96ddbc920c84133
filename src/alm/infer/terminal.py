"""Continue a prompt on the terminal: of the published model, or of a run still in progress."""

import sys
from collections.abc import Sequence
from pathlib import Path

from alm.checkpoint import load_latest_model, read_spec
from alm.checkpoint.run import CURRENT
from alm.config import Machine, Params, Stage
from alm.errors import IntegrityError
from alm.infer.choices import Choices
from alm.infer.engine import Engine
from alm.infer.generation import Generation, Request
from alm.infer.int8 import load_int8
from alm.io import read_json
from alm.tokenizer import Tokenizer

STAGE = "sample"  # its dependencies in dvc.yaml say where model and tokenizer lie
MODEL, INT8, TOKENIZER, SOURCES = "pretrain", "int8", "tokenizer", "src"
_VISIBLE = {code: chr(0x2400 + code) for code in range(32) if chr(code) not in "\n\t"}
VISIBLE = str.maketrans({**_VISIBLE, 0x7F: "\u2421", **{c: "\ufffd" for c in range(0x80, 0xA0)}})
"""Control characters drawn as pictures: a model must not be able to move a terminal's cursor."""


def continue_prompt(
    preset: str, prompt: str, *, latest: bool, device: str, choose: Sequence[str] = ()
) -> None:
    """Stream a prompt and a sampled continuation of it to stdout; leave nothing on disk.

    Args:
        preset: whose model and limits to use.
        prompt: what to continue.
        latest: use the newest saved state of the preset's run instead of the published model.
        device: where to compute.
        choose: ``name=value`` of what is not to be the preset's; see :class:`Choices`.

    Raises:
        ConfigError: a choice cannot be used.
        IntegrityError: the model or its tokenizer is not built.
        CheckpointError: ``latest`` is asked for, and no state was saved.
    """
    params = Params.load(preset)
    choices = Choices.parse(choose, params.sample, params.seed)
    engine = load_latest(preset, device) if latest else load_fastest(preset, device)
    for i in range(choices.n):
        _write("\n" if i else "")
        request = Request(prompt=prompt, config=choices.config, seed=choices.seed, sequence=i)
        _show(engine.start(request), request, engine.seq_len)


def _show(generation: Generation, request: Request, seq_len: int) -> None:
    """Write the prompt and the text as it comes; then, to stderr, why it ended."""
    _write(request.prompt)
    for piece in generation:
        _write(piece.translate(VISIBLE))
    _write("\n")
    ends = {
        "stop": "the model ended its text",
        "length": f"{request.config.max_new_tokens} new tokens, as many as asked for",
        "context": f"prompt and text fill the {seq_len} tokens that the model was trained to see",
    }
    reason = generation.finish_reason
    sys.stderr.write(f"[{reason}: {ends[reason]}]\n")


def load_published(preset: str, device: str) -> Engine:
    """Make an engine of the model that the stage pretrain left.

    Raises:
        IntegrityError: it is not built.
    """
    return Engine.load(**_find_model(preset), device=device)


def load_fastest(preset: str, device: str) -> Engine:
    """Make an engine of the model that the stage pretrain left: on a CPU of its int8 form.

    That is where there is one, and this machine can compile the program that reads it.

    Raises:
        IntegrityError: the model is not built.
    """
    paths = _find_model(preset)
    engine = None
    if device == "cpu":
        int8 = next(path for path in Stage.load("quantize", preset).outs if path.name == INT8)
        engine = load_int8(**paths, int8=int8, machine=Machine.load())
    return engine or Engine.load(**paths, device=device)


def load_latest(preset: str, device: str) -> Engine:
    """Make an engine of the newest state of the preset's run.

    Raises:
        IntegrityError: the text was changed since the run began, and the tokenizer with it.
    """
    root = Machine.load().state_dir / preset
    model = load_latest_model(root, device)
    spec = read_spec(root / read_json(root / CURRENT)["run"])
    tokenizer = Tokenizer.load(_find_places(preset)[TOKENIZER])
    if tokenizer.sha256 != spec.tokenizer_sha256:
        raise IntegrityError(
            f"the run of {preset} reads tokens of another tokenizer than the one that is built "
            "now; start the training again, or go back to its text"
        )
    return Engine(model, tokenizer, device, spec.seq_len)


def _find_model(preset: str) -> dict[str, Path]:
    """Return where the model of pretrain lies, and its tokenizer."""
    places = _find_places(preset)
    if not places[MODEL].is_dir():
        raise IntegrityError(
            f"expected a model in {places[MODEL]}, found none; build it with "
            f"`make pretrain PRESET={preset}`"
        )
    return {"model": places[MODEL], "tokenizer": places[TOKENIZER]}


def _find_places(preset: str) -> dict[str, Path]:
    """Return what the stage sample reads, code apart, by the last part of each path."""
    deps = Stage.load(STAGE, preset).deps
    return {path.name: path for path in deps if path.parts[0] != SOURCES}


def _write(text: str) -> None:
    """Write to stdout at once, with ``?`` for what the terminal's encoding lacks."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()

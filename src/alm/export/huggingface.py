"""A model as a directory that transformers and mlx-lm load, with no code of ours."""

from pathlib import Path

from alm.export.card import render_card
from alm.export.config_json import SPECIAL_IDS, build_config
from alm.export.names import huggingface_tensors
from alm.export.source import Source
from alm.export.tensor_file import write_tensor_file
from alm.export.tokenizer_json import build_tokenizer_config, build_tokenizer_json
from alm.export.weights import Weights
from alm.io import write_bytes, write_json, write_text

TOKENIZER_MODEL = "tokenizer.model"


def write_huggingface(directory: Path, source: Source) -> None:
    """Write weights, config, tokenizer and model card; one tensor is in memory at a time.

    The weights are float32, as trained. No chat template: the control symbols are there, but a
    model that was trained on plain text alone has never seen a turn.
    """
    spec, pieces = source.spec, source.tokenizer.pieces
    write_json(directory / "config.json", build_config(spec))
    write_json(directory / "generation_config.json", SPECIAL_IDS)
    write_json(directory / "tokenizer.json", build_tokenizer_json(pieces))
    write_json(directory / "tokenizer_config.json", build_tokenizer_config(pieces, spec.seq_len))
    model = source.paths["tokenizer"] / TOKENIZER_MODEL
    write_bytes(directory / TOKENIZER_MODEL, model.read_bytes())
    write_text(directory / "README.md", render_card(source))
    with Weights.open(source.float_weights, spec) as weights:
        tensors = {tensor.name: tensor for tensor in huggingface_tensors(spec.model)}
        shapes = {name: weights.shape(tensor) for name, tensor in tensors.items()}
        path = directory / "model.safetensors"
        write_tensor_file(path, shapes, lambda name: weights.read(tensors[name]))

"""A network of random weights, in every form that a speaker reads: speed depends on none of them.

The vocabulary is made up: symbols, bytes, and as many invented words as the shape has room for.
"""

from pathlib import Path

import torch

from alm.checkpoint import ModelSpec, publish_model
from alm.config import load_model_config
from alm.export.config_json import build_config
from alm.export.gguf import Format, write_gguf
from alm.export.names import huggingface_tensors
from alm.export.tensor_file import write_tensor_file
from alm.export.weights import Weights
from alm.io import write_json
from alm.model import Transformer
from alm.quant import quantize_model
from alm.tokenizer import Kind, Piece
from alm.tokenizer.symbols import BOS_ID, CONTROL_IDS, EOS_ID, PAD_ID, SPECIALS, UNK_ID

FLOAT, INT8, HUGGINGFACE, GGUF = "float", "int8", "huggingface", "model-Q8_0.gguf"


class Vocabulary:
    """Made-up pieces, which stand where an engine's tokenizer does. A text is ids in words."""

    pad_id, bos_id, eos_id, unk_id = PAD_ID, BOS_ID, EOS_ID, UNK_ID
    control_ids = CONTROL_IDS

    def __init__(self, size: int) -> None:
        symbols = [*SPECIALS, *CONTROL_IDS]
        kinds = [Kind.UNKNOWN if i == UNK_ID else Kind.CONTROL for i in range(len(symbols))]
        bytes_of = [f"<0x{byte:02X}>" for byte in range(256)]
        words = [f"w{i}" for i in range(size - len(symbols) - len(bytes_of))]
        self.pieces = [
            *(Piece(text, 0.0, kind) for text, kind in zip(symbols, kinds, strict=True)),
            *(Piece(text, 0.0, Kind.BYTE) for text in bytes_of),
            *(Piece(text, -float(i), Kind.NORMAL) for i, text in enumerate(words)),
        ]
        self.vocab_size = len(self.pieces)

    def encode(self, text: str) -> list[int]:
        """Return the ids that a text spells in decimals."""
        return [int(word) for word in text.split()]

    def decode_bytes(self, ids: list[int]) -> bytes:
        """Return the pieces' text."""
        return "".join(self.pieces[i].text for i in ids).encode()


def write_bundle(root: Path, model: str, seq_len: int) -> None:
    """Write a shape's weights as alm has them, in float32 and int8, for transformers, as GGUF."""
    shape = load_model_config(model)
    spec = ModelSpec(
        model=shape, n_vocab=shape.vocab_size, seq_len=seq_len, tokenizer_sha256="0" * 64
    )
    nothing = {"params": {}, "inputs": {}, "code": {}, "libraries": {}, "facts": {}}
    weights = {"model": build_random(spec).state_dict()}
    publish_model(root / FLOAT, spec, weights, **nothing)
    quantize_model(root / FLOAT, root / INT8, {})
    _write_huggingface(root, spec)
    with Weights.open(root / INT8 / "model.int8.safetensors", spec) as tensors:
        pieces = Vocabulary(shape.vocab_size).pieces
        write_gguf(root / GGUF, model, tensors, pieces, Format.Q8_0)


def build_random(spec: ModelSpec) -> Transformer:
    """Return a network whose matrices neither blow a signal up nor let it vanish."""
    model = Transformer(spec.model, spec.n_vocab)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.normal_(0, weight.shape[-1] ** -0.5, generator=generator)
            else:
                weight.fill_(1)
    return model.eval()


def _write_huggingface(root: Path, spec: ModelSpec) -> None:
    """Write what transformers reads besides a tokenizer, which nobody asks it for."""
    write_json(root / HUGGINGFACE / "config.json", build_config(spec))
    with Weights.open(root / FLOAT / "model.safetensors", spec) as weights:
        tensors = {tensor.name: tensor for tensor in huggingface_tensors(spec.model)}
        shapes = {name: weights.shape(tensor) for name, tensor in tensors.items()}
        path = root / HUGGINGFACE / "model.safetensors"
        write_tensor_file(path, shapes, lambda name: weights.read(tensors[name]))

"""Text to token ids and back: lossless on every string, and no text can spell a control symbol."""

from alm.tokenizer.building import TokenizerTraining
from alm.tokenizer.compression import measure_compression
from alm.tokenizer.encoding import UnitEncoder, encode_documents
from alm.tokenizer.fast_encoder import FastEncoder
from alm.tokenizer.model_proto import Kind, Piece
from alm.tokenizer.symbols import BOS_ID, CONTROL_IDS, CONTROL_SYMBOLS, EOS_ID, PAD_ID, UNK_ID
from alm.tokenizer.tokenizer import Tokenizer
from alm.tokenizer.training import train_tokenizer

__all__ = [
    "BOS_ID",
    "CONTROL_IDS",
    "CONTROL_SYMBOLS",
    "EOS_ID",
    "PAD_ID",
    "UNK_ID",
    "FastEncoder",
    "Kind",
    "Piece",
    "Tokenizer",
    "TokenizerTraining",
    "UnitEncoder",
    "encode_documents",
    "measure_compression",
    "train_tokenizer",
]

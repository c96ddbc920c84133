"""Packed corpora in the formats of others: Megatron's pairs of files, and plain NumPy arrays.

Neither holds sources, a loss mask or checksums, so what is exported is read whole and compared with
its digests on the way, and a corpus with a loss mask is refused.

Megatron's ``.idx`` of a split, little-endian; its ``.bin`` is the tokens as int32, end to end:

=====  ==========  ======================================================================
type   count       what
=====  ==========  ======================================================================
9s     1           ``MMIDIDX`` and two zero bytes
u64    1           1, the version
u8     1           4, the code of int32
u64    1           S, sequences: here each document is one
u64    1           D, documents and one more
i32    S           tokens of each sequence
i64    S           byte of the ``.bin`` where each sequence begins
i64    D           sequence with which each document begins, and S
=====  ==========  ======================================================================

Reference:
    Megatron-LM, ``megatron/core/datasets/indexed_dataset.py``, ``_IndexWriter``, for the layout.
"""

import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np

from alm.data.stream import TokenStream
from alm.data.verification import verify_packed
from alm.errors import ConfigError, InputError
from alm.io import Manifest, new_directory, new_file, require_replaceable

KIND = "corpus.exported"
CHUNK_TOKENS = 2**20
MAGIC = b"MMIDIDX\0\0"
INT32 = 4  # Megatron's code
INT32_END = 2**31
WRITTEN = re.compile(r"((train|val)(\.bin|\.idx|\.npy|-documents\.npy)|manifest\.json)")

Format = Literal["megatron", "npy"]


def export_packed(packed: Path, out: Path, file_format: Format) -> Manifest:
    """Write every split of a packed corpus to ``out`` in another format; return the manifest.

    ``megatron`` writes ``<split>.bin`` and ``<split>.idx``, ``npy`` writes ``<split>.npy`` of
    shape (tokens,), uint32, its documents end to end, and ``<split>-documents.npy`` of shape
    (documents + 1,), uint64: where each begins, and the end.

    Raises:
        ConfigError: the format is unknown.
        IntegrityError: the corpus is not what was packed.
        InputError: the format cannot hold it, or ``out`` or a name that is worked under is taken by
            something that no export wrote.
    """
    if file_format not in WRITERS:
        raise ConfigError(
            f"expected a format out of {', '.join(WRITERS)}, found {file_format!r}; say FORMAT=npy"
        )
    require_replaceable(out, KIND, WRITTEN)
    source = verify_packed(packed)
    with new_directory(out) as root:
        for split in source.facts["splits"]:
            stream = TokenStream(packed, split)
            _require_no_mask(stream)
            WRITERS[file_format](stream, root)
        kept = ("tokenizer_sha256", "vocab_size", "sources")
        return Manifest.write(
            root,
            KIND,
            params={"format": file_format},
            inputs={"packed": source.sha256},
            facts={name: source.facts[name] for name in kept},
        )


def write_megatron(stream: TokenStream, root: Path) -> None:
    """Write a split as ``.bin`` and ``.idx``.

    Raises:
        InputError: a token or the length of a document does not fit into an int32.
    """
    start = stream.documents().start.astype(np.int64)
    lengths = np.diff(start)
    if max(stream.vocab_size, int(lengths.max())) > INT32_END - 1:
        raise InputError(
            f"expected tokens and lengths below {INT32_END} for Megatron, found a vocabulary of "
            f"{stream.vocab_size} and a document of {lengths.max()} tokens in {stream.label}; "
            "export it as npy"
        )
    with new_file(root / f"{stream.split}.bin") as file:
        _copy_tokens(stream, "<i4", file.write)
    with new_file(root / f"{stream.split}.idx") as file:
        file.write(MAGIC + struct.pack("<QBQQ", 1, INT32, len(lengths), len(lengths) + 1))
        file.write(lengths.astype("<i4").tobytes())
        file.write((4 * start[:-1]).astype("<i8").tobytes())
        file.write(np.arange(len(lengths) + 1, dtype="<i8").tobytes())


def write_npy(stream: TokenStream, root: Path) -> None:
    """Write a split as ``.npy``, and where its documents begin as another."""
    with new_file(root / f"{stream.split}.npy") as file:
        header = {"descr": "<u4", "fortran_order": False, "shape": (stream.n_tokens,)}
        np.lib.format.write_array_header_1_0(file, header)
        _copy_tokens(stream, "<u4", file.write)
    with new_file(root / f"{stream.split}-documents.npy") as file:
        start = stream.documents().start.astype("<u8")
        np.lib.format.write_array(file, start, version=(1, 0), allow_pickle=False)


WRITERS: dict[Format, Callable[[TokenStream, Path], None]] = {
    "megatron": write_megatron,
    "npy": write_npy,
}


def _copy_tokens(stream: TokenStream, kind: str, write: Callable[[bytes], object]) -> None:
    for start in range(0, stream.n_tokens, CHUNK_TOKENS):
        stop = min(start + CHUNK_TOKENS, stream.n_tokens)
        write(stream.read(start, stop).astype(kind).tobytes())


def _require_no_mask(stream: TokenStream) -> None:
    for shard in stream.shards:
        if shard.header.has_loss_mask:
            raise InputError(
                f"expected no loss mask, found one in {shard.path}: no other format has a place "
                "for it; train on this corpus with alm"
            )

"""Tokens to files that a trainer reads: alm's shards, and datatrove's tokenized files."""

import shutil
from itertools import count
from pathlib import Path

import numpy as np
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.tokens import DocumentTokenizer
from datatrove.pipeline.tokens.tokenizer import TokenizedFile
from documents import count_megabytes
from race import Race, Runner
from vocabulary import to_tokenizers

from alm.config import CorpusParams
from alm.corpus import Document, read_unit, write_documents
from alm.data import PackedDocument, write_split
from alm.io import Manifest, write_bytes
from alm.packing import Packing
from alm.tokenizer import Tokenizer, UnitEncoder
from alm.work import run_step

BYTES_PER_TOKEN = 4
SOURCE = {"name": "stdlib", "licence": "PSF-2.0"}


def race_writing(texts: list[str], model: bytes, scratch: Path) -> Race:
    """Write tokens that are there already; every file must hold the same ones.

    alm checks each token against the vocabulary, digests the file, and waits until the disk has it;
    datatrove does none of these.
    """
    tokenizer = Tokenizer(model)
    encoded = [_frame(ids, tokenizer) for ids in tokenizer.encode_many(texts)]
    listed = [ids.tolist() for ids in encoded]  # what its tokenizer gives to datatrove
    sizes = [len(text.encode("utf-8")) for text in texts]
    expected = np.concatenate(encoded).astype("<u4").tobytes()
    shard_tokens = CorpusParams.load("stdlib").pack.shard_tokens

    def ours() -> Path:
        documents = (PackedDocument(ids, 0, n) for ids, n in zip(encoded, sizes, strict=True))
        return scratch / write_split(scratch, "train", documents, tokenizer, shard_tokens)[0]

    def theirs() -> Path:
        file = TokenizedFile(str(scratch), "theirs.ds", token_size=BYTES_PER_TOKEN)
        for ids in listed:
            file.write(ids, None)
        file.close()
        return scratch / "theirs.ds"

    def check(path: Path) -> str:
        return "the same tokens" if expected in path.read_bytes() else "OTHER TOKENS"

    runners = [
        Runner("alm", ours, check, lambda: _clear(scratch), is_ours=True),
        Runner("datatrove, `TokenizedFile`", theirs, check, lambda: _clear(scratch)),
    ]
    return Race("tokens to files", len(expected) / BYTES_PER_TOKEN / 1e6, "Mtoken", runners)


def race_packing(texts: list[str], model: bytes, scratch: Path) -> Race:
    """Go from a file of documents to files of tokens, by the whole stage or pipeline.

    Both read JSON lines and encode text that they have not seen. alm also verifies its input, puts
    parts down for the merge, digests everything twice, and encodes some documents again.
    """
    documents, saved = scratch.with_name("documents"), scratch.with_name("tokenizer.json")
    tokenizer = Tokenizer(model)
    _write_filtered(documents, texts)
    to_tokenizers(tokenizer.pieces).save(str(saved))
    n_tokens = sum(len(ids) for ids in tokenizer.encode_many(texts))
    turns = count()

    def ours() -> int:
        vocabulary = _write_vocabulary(scratch / f"tokenizer-{next(turns)}", model, tokenizer)
        encoder = UnitEncoder.of(vocabulary, read_unit)  # of a new folder, so it remembers nothing
        step = Packing.of(documents, CorpusParams.load("stdlib").pack, encoder, {})
        split = run_step(step, scratch / "packed", 1).facts["splits"]["train"]
        return split["tokens"] - 2 * split["docs"]  # without BOS and EOS

    def theirs() -> int:
        reader = JsonlReader(str(documents), glob_pattern="train.jsonl")
        step = DocumentTokenizer(
            str(scratch), tokenizer_name_or_path=str(saved), shuffle_documents=False
        )
        step.run(reader.run())
        n_bytes = sum(path.stat().st_size for path in sorted(scratch.glob("*.ds")))
        return n_bytes // step.token_size

    def check(found: int) -> str:
        return f"{found:,} of {n_tokens:,} tokens"

    runners = [
        Runner("alm, stage pack", ours, check, lambda: _clear(scratch), is_ours=True),
        Runner("datatrove, `DocumentTokenizer`", theirs, check, lambda: _clear(scratch)),
    ]
    return Race("documents to files", count_megabytes(texts), "MB", runners)


def _write_filtered(root: Path, texts: list[str]) -> None:
    """Write texts as stage filter does, one of them as validation text too."""
    _clear(root)
    documents = [Document(str(i), SOURCE["name"], text, {}) for i, text in enumerate(texts)]
    write_documents(root / "train.jsonl", documents)
    write_documents(root / "val.jsonl", documents[:1])
    facts = {"sources": [{**SOURCE, "target_tokens": None}]}
    Manifest.write(root, "corpus.filter", params={}, inputs={}, facts=facts)


def _write_vocabulary(root: Path, model: bytes, tokenizer: Tokenizer) -> Path:
    """Write the vocabulary as stage tokenizer does."""
    _clear(root)
    write_bytes(root / "tokenizer.model", model)
    Manifest.write(root, "tokenizer", params={}, inputs={}, facts={"sha256": tokenizer.sha256})
    return root


def _frame(ids: np.ndarray, tokenizer: Tokenizer) -> np.ndarray:
    return np.concatenate([[tokenizer.bos_id], ids, [tokenizer.eos_id]]).astype(np.int64)


def _clear(root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)

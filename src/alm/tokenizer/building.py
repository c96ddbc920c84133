"""The tokenizer stage: a directory with a vocabulary and the facts about it."""

import importlib.metadata
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

from alm.config import TokenizerConfig
from alm.io import Manifest, new_directory, write_bytes
from alm.tokenizer.compression import measure_compression
from alm.tokenizer.encoding import Document
from alm.tokenizer.tokenizer import KIND, MODEL, Tokenizer
from alm.tokenizer.training import train_tokenizer


def build_tokenizer(
    documents: Path,
    out: Path,
    config: TokenizerConfig,
    read: Callable[[Path], Iterable[Document]],
) -> Manifest:
    """Learn a vocabulary from the train split in ``documents`` and write it to ``out``.

    The validation split is read afterwards and only to measure: not a byte of the model depends
    on it.

    Args:
        documents: what the dedup stage wrote.
        out: directory to make, with ``tokenizer.model`` and ``manifest.json``.
        config: the corpus' tokenizer section.
        read: gives the documents of a file, one after the other.

    Raises:
        IntegrityError: ``documents`` is not whole.
        ConfigError: the vocabulary does not fit the text.
    """
    source = Manifest.read(documents, "corpus.dedup")
    source.verify(documents)
    train = (document.text for document in read(documents / "train.jsonl"))
    model = train_tokenizer(train, config)
    tokenizer = Tokenizer(model)
    facts = {
        "sha256": tokenizer.sha256,
        "vocab_size": tokenizer.vocab_size,
        "special_ids": {
            "pad": tokenizer.pad_id,
            "bos": tokenizer.bos_id,
            "eos": tokenizer.eos_id,
            "unk": tokenizer.unk_id,
        },
        "control_ids": tokenizer.control_ids,
        "val": measure_compression(read(documents / "val.jsonl"), tokenizer),
    }
    with new_directory(out) as root:
        write_bytes(root / MODEL, model)
        return Manifest.write(
            root,
            KIND,
            params={"tokenizer": asdict(config)},
            inputs={"dedup": source.sha256},
            facts=facts,
            libraries={"sentencepiece": importlib.metadata.version("sentencepiece")},
        )

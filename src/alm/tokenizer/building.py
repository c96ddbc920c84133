"""The tokenizer stage: a directory with a vocabulary and the facts about it."""

import importlib.metadata
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Self

from alm.config import TokenizerConfig
from alm.io import Manifest, write_bytes
from alm.tokenizer.compression import measure_compression
from alm.tokenizer.counts import merge_counts, read_rows, write_counts
from alm.tokenizer.encoding import Document
from alm.tokenizer.tokenizer import KIND, MODEL, Tokenizer
from alm.tokenizer.training import N_THREADS, WHY_ONE_THREAD, train_on_rows
from alm.tokenizer.words import count_words
from alm.work import Part, Unit, cut_lines

FILTERED = "corpus.filter"
COUNTS = "counts.tsv"
SAMPLE_UNITS = 16  # of each source, spread over the train split
SAMPLE_CHARACTERS = 2**16  # of each source in each of them


@dataclass(frozen=True)
class TokenizerTraining:
    """Stage tokenizer: learn a vocabulary from the train split, and measure how well it fits.

    Not a byte of the model depends on the validation split.

    Raises:
        IntegrityError: ``documents`` is not what stage filter wrote.
        ConfigError: the vocabulary does not fit the text.
        InputError: there is no word to learn from.
    """

    documents: Path
    """Directory that stage filter wrote."""
    config: TokenizerConfig
    read: Callable[[Unit], Iterable[Document]]
    """Gives the documents of a unit."""
    input_sha256: str
    kind: str = KIND

    @classmethod
    def of(
        cls,
        documents: Path,
        config: TokenizerConfig,
        read: Callable[[Unit], Iterable[Document]],
    ) -> Self:
        """Check what stage filter wrote, and prepare to learn from it."""
        manifest = Manifest.read(documents, FILTERED)
        manifest.verify(documents)
        return cls(documents, config, read, manifest.sha256)

    def identity(self) -> dict[str, Any]:
        """Return parameters and input."""
        return {"params": self._params(), "inputs": self._inputs()}

    def units(self) -> list[Unit]:
        """Cut the train split."""
        return cut_lines(self.documents / "train.jsonl")

    def work(self, unit: Unit, root: Path) -> dict[str, Any]:
        """Count the words of a unit."""
        n_bytes: Counter[str] = Counter()
        write_counts(root / COUNTS, count_words(_weigh(self.read(unit), n_bytes)))
        return {"bytes": dict(n_bytes)}

    def merge(self, parts: list[Part], root: Path) -> dict[str, Any]:
        """Train on all counts, and measure the result."""
        n_bytes = sum(sum(part.facts["bytes"].values()) for part in parts)
        model = self._train(parts, n_bytes, root / "counts")
        write_bytes(root / MODEL, model)
        tokenizer = Tokenizer(model)
        sources = [list(part.facts["bytes"]) for part in parts]
        return {
            "params": self._params(),
            "inputs": self._inputs(),
            "facts": {
                **_describe(tokenizer),
                "training": {
                    "bytes": n_bytes,
                    "threads": N_THREADS,
                    "why_one_thread": WHY_ONE_THREAD,
                },
                "train": measure_compression(self._sample(sources), tokenizer),
                "val": measure_compression(self._held_out(), tokenizer),
            },
            "libraries": {"sentencepiece": importlib.metadata.version("sentencepiece")},
        }

    def _train(self, parts: list[Part], n_bytes: int, scratch: Path) -> bytes:
        merge_counts([part.path / COUNTS for part in parts], scratch / COUNTS)
        model = train_on_rows(partial(read_rows, scratch / COUNTS), n_bytes, self.config)
        shutil.rmtree(scratch)
        return model

    def _sample(self, sources: list[list[str]]) -> Iterator[Document]:
        """Yield some of the train split: the first documents of each source in some units.

        Args:
            sources: names of those in each unit.
        """
        for unit, names in zip(self.units(), _choose(sources), strict=True):
            room = dict.fromkeys(names, SAMPLE_CHARACTERS)
            for document in self.read(unit) if room else ():
                if room.get(document.source, 0) > 0:
                    room[document.source] -= len(document.text)
                    yield document

    def _held_out(self) -> Iterator[Document]:
        units = cut_lines(self.documents / "val.jsonl")
        return chain.from_iterable(map(self.read, units))

    def _params(self) -> dict[str, Any]:
        return {"tokenizer": asdict(self.config)}

    def _inputs(self) -> dict[str, str]:
        return {"filter": self.input_sha256}


def _weigh(documents: Iterable[Document], n_bytes: Counter[str]) -> Iterator[str]:
    """Yield the texts, adding what they weigh in UTF-8 to their sources."""
    for document in documents:
        n_bytes[document.source] += len(document.text.encode("utf-8"))
        yield document.text


def _describe(tokenizer: Tokenizer) -> dict[str, Any]:
    return {
        "sha256": tokenizer.sha256,
        "vocab_size": tokenizer.vocab_size,
        "special_ids": {
            "pad": tokenizer.pad_id,
            "bos": tokenizer.bos_id,
            "eos": tokenizer.eos_id,
            "unk": tokenizer.unk_id,
        },
        "control_ids": tokenizer.control_ids,
    }


def _choose(sources: list[list[str]]) -> list[list[str]]:
    """Leave each source in ``SAMPLE_UNITS`` of its units at most, evenly spread."""
    total = Counter(chain.from_iterable(sources))
    seen: Counter[str] = Counter()
    chosen = []
    for names in sources:
        stride = {name: -(-total[name] // SAMPLE_UNITS) for name in names}
        chosen.append([name for name in names if seen[name] % stride[name] == 0])
        seen.update(names)
    return chosen

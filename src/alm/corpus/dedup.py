"""Stage dedup: drop what says the same, and hold some of the rest out for validation.

The units give a row of digests and the MinHash keys of each document; the merge makes a plan from
them and carries it out.
"""

import importlib.metadata
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from alm.config import DedupConfig
from alm.corpus.bands import make_keys
from alm.corpus.candidates import Candidates
from alm.corpus.clusters import find_first_copies
from alm.corpus.digests import (
    PLANTED,
    ROW,
    Rows,
    digest_documents,
    read_documents_with_starts,
    read_rows,
    write_array,
)
from alm.corpus.division import Division
from alm.corpus.document import Document
from alm.corpus.jaccard import Comparison, Edges
from alm.corpus.minhash import make_permutations, sign_shingles
from alm.corpus.normalize import KIND as NORMALIZED
from alm.corpus.plan import Plan
from alm.corpus.shingles import I64, U64, shingle_texts
from alm.corpus.truth import Planted, Score, read_names
from alm.io import Manifest
from alm.work import Part, Unit, cut_lines

KIND = "corpus.dedup"
BATCH_BYTES = 2**20  # of text that is signed at once
ROWS, NAMES, TRUTH, KEYS = "rows.bin", "names.bin", "planted.bin", "keys.bin"


@dataclass(frozen=True)
class Deduplication:
    """Stage dedup: write ``train.jsonl``, ``val.jsonl``, ``dups.jsonl`` and a manifest.

    Raises:
        IntegrityError: ``normalized`` is not what stage normalize wrote.
        InputError: there are fewer than two documents to divide.
        ConfigError: the datasketch that is installed makes other signatures.
    """

    normalized: Path
    """Directory that stage normalize wrote."""
    config: DedupConfig
    seed: int
    sources: tuple[dict[str, Any], ...]
    """As normalize's manifest lists them."""
    input_sha256: str
    kind: str = KIND

    @classmethod
    def of(cls, normalized: Path, config: DedupConfig, seed: int) -> Self:
        """Check what normalize wrote, and prepare to find what stands in it twice."""
        manifest = Manifest.read(normalized, NORMALIZED)
        manifest.verify(normalized)
        return cls(normalized, config, seed, tuple(manifest.facts["sources"]), manifest.sha256)

    def identity(self) -> dict[str, Any]:
        """Return parameters and input."""
        return {"params": self._params(), "inputs": self._inputs()}

    def units(self) -> list[Unit]:
        """Cut the documents."""
        return cut_lines(self._path)

    def work(self, unit: Unit, root: Path) -> dict[str, Any]:
        """Digest and sign the documents of a unit."""
        rows, names, planted, keys = [], [], [], []
        n_documents = 0
        for documents, starts in _batches(unit):
            digests = digest_documents(documents, starts, self._names)
            digests.planted["document"] += np.uint64(n_documents)
            n_documents += len(documents)
            rows.append(digests.rows)
            names.append(digests.names)
            planted.append(digests.planted)
            if self._looks_for_near:
                keys.append(self._make_keys(documents, digests.rows))
        write_array(root / ROWS, np.concatenate([np.empty(0, ROW), *rows]))
        write_array(root / NAMES, np.concatenate([np.empty(0, np.uint64), *names]))
        write_array(root / TRUTH, np.concatenate([np.empty(0, PLANTED), *planted]))
        if self._looks_for_near:
            none = np.empty((self.config.n_bands, 0), np.uint64)
            write_array(root / KEYS, np.concatenate([none, *keys], axis=1))
        return {"documents": n_documents}

    def merge(self, parts: list[Part], root: Path) -> dict[str, Any]:
        """Plan and divide."""
        counts = [part.facts["documents"] for part in parts]
        rows = read_rows((part.path / ROWS for part in parts), counts, ROW)
        comparison = Comparison(self._path, rows["start"], self.config.shingle_words)
        first = find_first_copies(rows["sha256"])
        with _scratch(root) as folder:
            edges = self._find_edges(parts, rows, first, comparison, folder)
            plan = Plan.make(rows, first, edges, self.seed, self.config.val_fraction)
        division = Division(plan, rows, self._path, self.sources)
        division.write(root)
        score = Score(plan, self._find_planted(parts, rows), self._names)
        near = score.near(comparison, rows, self.config.min_jaccard)
        planted = {"exact_duplicate": score.exact(), "near_duplicate": near}
        return {
            "params": self._params(),
            "inputs": self._inputs(),
            "facts": {**division.facts(), "planted": planted},
            "libraries": self._libraries(),
        }

    def _make_keys(self, documents: list[Document], rows: Rows) -> U64:
        """Return the documents' keys, and note in their rows which have words."""
        shingles = shingle_texts(
            (document.text.encode("utf-8") for document in documents), self.config.shingle_words
        )
        rows["has_words"] = shingles.counts > 0
        permutations = make_permutations(self.config.n_bands * self.config.band_rows)
        signatures = sign_shingles(shingles, permutations)
        return make_keys(signatures, self.config.n_bands, self.config.band_rows)

    def _find_edges(
        self, parts: list[Part], rows: Rows, first: I64, comparison: Comparison, folder: Path
    ) -> Iterator[Edges]:
        """Yield the near-duplicates among documents that are the first with their text."""
        if not self._looks_for_near:
            return iter(())
        candidates = Candidates(
            paths=[part.path / KEYS for part in parts],
            counts=[part.facts["documents"] for part in parts],
            n_bands=self.config.n_bands,
            is_compared=(first == np.arange(len(first))) & rows["has_words"],
            scopes=rows["source"] if self.config.near_duplicates == "source" else None,
        )
        pairs = candidates.pairs(folder)
        return comparison.measure(pairs.portions(), self.config.min_jaccard)

    def _find_planted(self, parts: list[Part], rows: Rows) -> Planted:
        found, before = [np.empty(0, PLANTED)], 0
        for part in parts:
            planted = np.fromfile(part.path / TRUTH, PLANTED)
            planted["document"] += np.uint64(before)
            found.append(planted)
            before += part.facts["documents"]
        names = read_names(part.path / NAMES for part in parts)
        return Planted.find(rows, np.concatenate(found), names)

    def _params(self) -> dict[str, Any]:
        return {"seed": self.seed, "dedup": asdict(self.config)}

    def _inputs(self) -> dict[str, str]:
        return {"normalize": self.input_sha256}

    def _libraries(self) -> dict[str, str]:
        if not self._looks_for_near:
            return {}
        return {"datasketch": importlib.metadata.version("datasketch")}

    @property
    def _path(self) -> Path:
        return self.normalized / "documents.jsonl"

    @property
    def _names(self) -> list[str]:
        return [source["name"] for source in self.sources]

    @property
    def _looks_for_near(self) -> bool:
        return self.config.near_duplicates != "off"


def _batches(unit: Unit) -> Iterator[tuple[list[Document], list[int]]]:
    """Yield documents and where their lines begin, about ``BATCH_BYTES`` of text at a time."""
    documents: list[Document] = []
    starts: list[int] = []
    n_bytes = 0
    for document, start in read_documents_with_starts(unit):
        documents.append(document)
        starts.append(start)
        n_bytes += len(document.text)
        if n_bytes >= BATCH_BYTES:
            yield documents, starts
            documents, starts, n_bytes = [], [], 0
    if documents:
        yield documents, starts


@contextmanager
def _scratch(root: Path) -> Iterator[Path]:
    """Give a folder for the length of the block."""
    folder = root / "scratch"
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)

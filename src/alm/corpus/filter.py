"""Stage filter: drop what is not worth learning from, by rules that the recipe names per source.

Most filters look at one document. Perplexity looks at all documents of a source: units score them,
and the merge finds the score at the percentile and drops what lies above.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from alm.config import FilterConfig, Recipe
from alm.corpus.dedup import KIND as DEDUPED
from alm.corpus.document import read_documents, read_unit
from alm.corpus.filters import ByteModel, Passages, find_files, read_texts
from alm.corpus.filters.outcome import Outcome, find_cuts
from alm.corpus.filters.requirements import Requirements
from alm.corpus.filters.sieve import Sieve, Treatment
from alm.corpus.lines import concatenate
from alm.corpus.plan import SPLITS, TRAIN
from alm.errors import ConfigError, InputError
from alm.io import Manifest, sha256_file
from alm.work import Part, Unit, cut_lines

KIND = "corpus.filter"
PERPLEXITY, DECONTAMINATION, PII = "perplexity", "decontamination", "pii"


@dataclass(frozen=True)
class Filtering:
    """Stage filter: write ``train.jsonl``, ``val.jsonl``, ``dropped.jsonl`` and a manifest.

    Raises:
        IntegrityError: ``documents`` is not what dedup wrote.
        ConfigError: a filter is named that its parameters leave without a meaning.
        InputError: an evaluation file cannot be read, or nothing is left of a split.
    """

    documents: Path
    """Directory that stage dedup wrote."""
    config: FilterConfig
    filters: dict[str, tuple[str, ...]]
    """What the documents of each source must pass."""
    evaluation: Path
    """Folder of evaluation files."""
    sources: tuple[dict[str, Any], ...]
    """As dedup's manifest lists them."""
    inputs: dict[str, str]
    """Digests of dedup's manifest and of the evaluation files."""
    kind: str = KIND

    @classmethod
    def of(cls, documents: Path, config: FilterConfig, recipe: Recipe, evaluation: Path) -> Self:
        """Check what dedup wrote, and prepare to filter it."""
        manifest = Manifest.read(documents, DEDUPED)
        manifest.verify(documents)
        filters = {source.name: tuple(source.filters) for source in recipe.sources}
        _check_perplexity(config, filters)
        inputs = {"dedup": manifest.sha256}
        if _is_named(DECONTAMINATION, filters):
            files = _find_evaluation(config, evaluation)
            inputs |= {f"evaluation/{name}": sha256_file(path) for name, path in files.items()}
        sources = tuple(manifest.facts["sources"])
        return cls(documents, config, filters, evaluation, sources, inputs)

    def identity(self) -> dict[str, Any]:
        """Return parameters and inputs."""
        return {"params": self._params(), "inputs": self.inputs}

    def units(self) -> list[Unit]:
        """Cut both splits; where no source names a filter there is nothing to work on."""
        units: list[Unit] = []
        for split in SPLITS if self._filters_anything() else ():
            units += cut_lines(self.documents / f"{split}.jsonl", split, len(units))
        return units

    def work(self, unit: Unit, root: Path) -> dict[str, Any]:
        """Judge the documents of a unit."""
        with Sieve(root, unit.label, self._treatment, self.sources) as sieve:
            sieve.take_all(read_unit(unit))
        return sieve.facts()

    def merge(self, parts: list[Part], root: Path) -> dict[str, Any]:
        """Lay the parts one behind the other, without what is strange for its source."""
        if not parts:
            return self._copy(root)
        outcome = Outcome(self.sources, find_cuts(parts, self.config.perplexity.max_percentile))
        outcome.write(parts, root)
        for split in SPLITS:
            if not outcome.n_kept(split):
                raise InputError(
                    f"expected the filters to leave documents in {split}, found none "
                    f"({outcome.reasons(split)}); change `filters` in the recipe, or the limits "
                    "at filter in params.yaml"
                )
        return {"params": self._params(), "inputs": self.inputs, "facts": outcome.facts()}

    def _copy(self, root: Path) -> dict[str, Any]:
        """Hand on what dedup wrote, and its books."""
        for split in SPLITS:
            concatenate([self.documents / f"{split}.jsonl"], root / f"{split}.jsonl")
        concatenate([], root / "dropped.jsonl")
        outcome = Outcome(self.sources, {})
        outcome.pass_on(self.sources)
        return {"params": self._params(), "inputs": self.inputs, "facts": outcome.facts()}

    def _treatment(self, name: str) -> Treatment:
        """Return what happens to the documents of a source."""
        names = self.filters[name]
        number = [source["name"] for source in self.sources].index(name)
        score_min = self.sources[number].get("score_min")
        passages = self._passages() if DECONTAMINATION in names else None
        requirements = Requirements.of(self.config, names, score_min, passages)
        model = self._model() if PERPLEXITY in names else None
        return Treatment(number, requirements, model, PII in names)

    def _model(self) -> ByteModel:
        path = self.documents / f"{TRAIN}.jsonl"
        wanted = self.config.perplexity
        return _fit_model(path, self.inputs["dedup"], wanted.reference, wanted.reference_bytes)

    def _passages(self) -> Passages:
        wanted = self.config.decontamination
        paths = _find_evaluation(self.config, self.evaluation).values()
        digests = tuple(sorted(self.inputs.items()))
        return _read_passages(tuple(paths), digests, wanted.n_words)

    def _filters_anything(self) -> bool:
        limits = [source.get("score_min") for source in self.sources]
        return any(self.filters.values()) or any(limit is not None for limit in limits)

    def _params(self) -> dict[str, Any]:
        return {"filter": asdict(self.config), "filters": self.filters}


# Kept for the units to come: a process works on many. The digests tell other content apart.
@lru_cache(maxsize=1)
def _fit_model(path: Path, digest: str, reference: str, n_bytes: int) -> ByteModel:  # noqa: ARG001
    return ByteModel.fit(_read_reference(path, reference, n_bytes))


@lru_cache(maxsize=1)
def _read_passages(paths: tuple[Path, ...], digests: tuple, n_words: int) -> Passages:  # noqa: ARG001
    return Passages.of((text for path in paths for text in read_texts(path)), n_words)


def _read_reference(path: Path, source: str, n_bytes: int) -> Iterator[bytes]:
    """Yield training documents of a source until that many bytes are read."""
    for document in read_documents(path):
        if document.source == source:
            text = document.text.encode("utf-8")
            yield text
            n_bytes -= len(text)
            if n_bytes <= 0:
                return


def _find_evaluation(config: FilterConfig, folder: Path) -> dict[str, Path]:
    """Return the evaluation files by name."""
    names = config.decontamination.files
    if not names:
        raise ConfigError(
            "expected evaluation files at filter.decontamination.files, since a source's filters "
            "name decontamination, found none; list them, or take the filter out of the recipe"
        )
    return dict(zip(names, find_files(folder, names), strict=True))


def _check_perplexity(config: FilterConfig, filters: dict[str, tuple[str, ...]]) -> None:
    """Require a reference, and one that is not judged by itself."""
    if not _is_named(PERPLEXITY, filters):
        return
    reference = config.perplexity.reference
    if reference not in filters:
        raise ConfigError(
            "expected the name of a source at filter.perplexity.reference, since a source's "
            f"filters name perplexity, found {reference!r}; choose from: {', '.join(filters)}"
        )
    if PERPLEXITY in filters[reference]:
        raise ConfigError(
            f"expected no perplexity among the filters of {reference!r}, found it: that source is "
            "the reference (filter.perplexity.reference), and would be judged by itself; take it "
            "out there"
        )


def _is_named(name: str, filters: dict[str, tuple[str, ...]]) -> bool:
    return any(name in names for names in filters.values())

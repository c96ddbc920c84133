"""Which documents a passage came from: their source and licence, and when a model read them."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alm.config import Params, Stage
from alm.config.params import SCRATCH
from alm.errors import IntegrityError
from alm.io import Manifest
from alm.project.exposure import FILTERED, MODEL, Exposure, spell_readings
from alm.project.passage import Passage
from alm.project.search import (
    Hit,
    Occurrences,
    count_copies,
    find_kin,
    find_occurrences,
    rank_in_source,
)
from alm.project.terminal import one_line, part_of_line, shorten

DEDUPLICATED = "corpus.dedup"
CONTEXT = 60  # characters on either side of what was found
SHOWN_PASSAGE = 160
MARKS = (">>", "<<")
HELD_OUT = "never: held out, not trained on"


@dataclass(frozen=True)
class Places:
    """Where the results of a preset's stages lie."""

    deduplicated: Path
    documents: Path
    packed: Path
    model: Path

    @classmethod
    def of(cls, preset: str, corpus: str, root: Path) -> "Places":
        """Take them from ``dvc.yaml``."""
        keys = {"dedup": corpus, "filter": corpus, "pack": corpus, "pretrain": preset}
        return cls(*(root / Stage.load(stage, key, root).outs[0] for stage, key in keys.items()))


def blame(preset: str, text: str, root: Path = Path()) -> str:
    """Say which documents of a preset's corpus a passage came from.

    Raises:
        ConfigError: the preset is unknown, or the passage too short.
        IntegrityError: the corpus is not built up to its filters, or is damaged.
    """
    passage = Passage.of(text)
    corpus = Params.load(preset, root).corpus
    places = Places.of(preset, corpus, root)
    _check_text(places.documents, preset)
    if found := find_occurrences(places.documents, passage):
        head, hits = _count(found, corpus), found.hits
    elif hits := find_kin(places.documents, passage):
        n = passage.n_shingle
        head = (
            f"no document of corpus {corpus} holds this passage; these share most with it, in runs "
            f"of {n} words or more:"
        )
    else:
        head = f"no document of corpus {corpus} holds this passage, or anything like it"
        return "\n\n".join([head, *_tell_start(preset, places)])
    readings = _tell_readings(preset, places, hits)
    manifest = Manifest.read(places.documents, FILTERED)
    licences = {each["name"]: each["licence"] for each in manifest.facts["sources"]}
    dups = _find_dups(manifest, places.deduplicated)
    told = [_tell(hit, licences, dups, read) for hit, read in zip(hits, readings, strict=True)]
    return "\n\n".join([head, *told, *_tell_start(preset, places)])


def _tell(hit: Hit, licences: dict[str, str], dups: Path | None, read: str) -> str:
    document = hit.document
    copies = count_copies(dups, document) if dups else Counter()
    dropped = [f"{n:,} of {_spell_source(name, licences)}" for name, n in sorted(copies.items())]
    facts = {
        "document": f"{one_line(document.id)} of {_spell_source(document.source, licences)}",
        "place": _spell_place(document.meta),
        "copies": f"dropped in its favour: {', '.join(dropped)}" if dropped else "",
        "in common": _spell_overlap(hit),
        "text": excerpt(document.text, hit.span),
        "read": read,
    }
    return "\n".join(f"{name:9}  {fact}" for name, fact in facts.items() if fact)


def _tell_readings(preset: str, places: Places, hits: list[Hit]) -> list[str]:
    """Say of each hit when the preset's model read it."""
    trained = [hit for hit in hits if hit.split == "train"]
    told = iter(_ask_model(preset, places, trained) if trained else ())
    return [next(told) if hit.split == "train" else HELD_OUT for hit in hits]


def _ask_model(preset: str, places: Places, hits: list[Hit]) -> list[str]:
    """Say of each hit in the train split when it was read, or why nobody can tell."""
    if not (places.model.is_dir() and places.packed.is_dir()):
        return ["not yet: no model is built"] * len(hits)
    try:
        exposure = Exposure.of(places.model, places.packed, places.documents)
    except IntegrityError as error:
        return [f"unknown: {error}"] * len(hits)
    ranks = [(hit.document.source, rank_in_source(places.documents, hit)) for hit in hits]
    packed = [exposure.place_of(source, rank) for source, rank in ranks]
    readings = iter(exposure.readings([place for place in packed if place is not None]))
    return [
        f"never by {preset}: its source had its target_tokens before it"
        if place is None
        else spell_readings(preset, next(readings))
        for place in packed
    ]


def _tell_start(preset: str, places: Places) -> list[str]:
    """Say whose weights the model began with: they read text that its own run did not."""
    try:
        start = Manifest.read(places.model, MODEL).params["train"]["init"]
    except IntegrityError:  # not built, or damaged, which is told where readings are
        return []
    if start == SCRATCH:
        return []
    return [f"{preset} starts from the weights of {start}: ask `make blame PRESET={start}` too"]


def excerpt(text: str, span: tuple[int, int]) -> str:
    """Return what stands at a place of a text, marked, with a little of what is around it."""
    start, stop = span
    before = part_of_line(text[max(start - CONTEXT, 0) : start])
    after = part_of_line(text[stop : stop + CONTEXT])
    found = shorten(one_line(text[start:stop]), SHOWN_PASSAGE)
    left = "..." if start > CONTEXT else ""
    right = "..." if stop + CONTEXT < len(text) else ""
    return f"{left}{before}{MARKS[0]}{found}{MARKS[1]}{after}{right}".strip()


def _check_text(documents: Path, preset: str) -> None:
    if not documents.is_dir():
        raise IntegrityError(
            f"expected the text of {preset} in {documents}, found none; build it with `make filter "
            f"PRESET={preset}`"
        )
    Manifest.read(documents, FILTERED).verify(documents)


def _find_dups(filtered: Manifest, deduplicated: Path) -> Path | None:
    """Return the list of duplicates of this text; None where there is another text's, or none."""
    if not deduplicated.is_dir():
        return None
    manifest = Manifest.read(deduplicated, DEDUPLICATED)
    is_same = filtered.inputs.get("dedup") == manifest.sha256
    return deduplicated / "dups.jsonl" if is_same else None


def _spell_source(name: str, licences: dict[str, str]) -> str:
    return f"{one_line(name)} ({one_line(licences.get(name, 'unknown licence'))})"


def _count(found: Occurrences, corpus: str) -> str:
    n_docs = found.n_docs.total()
    by_split: Counter[str] = Counter()
    for (split, _), n in found.n_docs.items():
        by_split[split] += n
    parts = ", ".join(
        f"{one_line(source)} {n:,} in {split}" for (split, source), n in found.n_docs.items()
    )
    shown = f"; the first {len(found.hits)}:" if n_docs > len(found.hits) else ":"
    holds = "document holds" if n_docs == 1 else "documents hold"
    return f"{n_docs:,} {holds} it {found.form} in corpus {corpus} ({parts}){shown}"


def _spell_place(meta: dict[str, Any]) -> str:
    """Return where in the input a document stood, as far as its source noted that."""
    names = {"path": "", "line": "line ", "row": "row ", "piece": "piece "}
    known = [f"{word}{one_line(str(meta[name]))}" for name, word in names.items() if name in meta]
    return ", ".join(known)


def _spell_overlap(hit: Hit) -> str:
    if hit.overlap is None:
        return f"{hit.n_times:,} times" if hit.n_times > 1 else ""
    each = hit.overlap
    share = 100 * each.n_covered / each.n_words
    return (
        f"{each.n_covered} of {each.n_words} words ({share:.0f} %), {each.longest} of them in a row"
    )

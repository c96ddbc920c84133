"""A corpus recipe, ``configs/corpora/<name>.yaml``: where text comes from, under which licence."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from alm.config.checks import choose_from, did_you_mean, explain
from alm.config.sections import Count, Flag, Fraction, Positive, PositiveFloat, section
from alm.config.template import parse_template
from alm.config.yaml import read_yaml
from alm.errors import ConfigError

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Licence = Annotated[str, Field(min_length=1)]
FieldName = Annotated[str, Field(min_length=1)]
Score = Annotated[float, Field(strict=True, allow_inf_nan=False)]

RULE_SETS = (
    "coherent",
    "gopher_quality",
    "gopher_repetition",
    "c4",
    "fineweb",
    "script",
    "perplexity",
    "decontamination",
    "pii",
)
COMMIT = re.compile(r"[0-9a-f]{40}")
HUB_PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9._-]+")


def _check_filters(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in RULE_SETS:
            hint = did_you_mean(name, RULE_SETS)
            raise ValueError(f"no rule set {name!r}{hint}; {choose_from(RULE_SETS)}")
    if len(set(names)) < len(names):
        raise ValueError("expected every rule set once")
    return names


Filters = Annotated[tuple[str, ...], AfterValidator(_check_filters)]
"""Sets of rules that the source's documents must pass, in stage filter."""


@section
class SyntheticSource:
    """Text from a seeded generator that knows the truth about it."""

    kind: Literal["synthetic"]
    name: Name
    licence: Licence
    filters: Filters
    task: Literal["stories", "arithmetic", "recall"]
    n_docs: Positive
    exact_duplicates: Fraction
    """Share of documents that repeat an earlier one to the byte."""
    near_duplicates: Fraction
    """Share of documents that repeat an earlier one but for a few words."""
    junk: Fraction
    """Share of documents that are noise."""


@section
class StdlibSource:
    """Text of the running Python: what its standard library says and is made of."""

    kind: Literal["stdlib"]
    name: Name
    licence: Licence
    filters: Filters
    part: Literal["topics", "docstrings", "sources"]
    tests: Flag
    """Whether the standard library's own tests are read too."""
    min_bytes: Count
    """Less text than this means a slim Python: ingest says so and stops."""


@section
class TextSource:
    """Files of plain text, one document each."""

    kind: Literal["text"]
    name: Name
    licence: Licence
    filters: Filters
    glob: str
    """Which files of the corpus' ``input`` to read, such as ``**/*.txt`` or ``**/*.txt.gz``."""


@section
class RowSource:
    """What every source of rows with fields has."""

    name: Name
    licence: Licence
    filters: Filters
    text_field: FieldName | None
    """The field that is a document's text; None where a template makes it."""
    template: str | None
    """A text made of several fields, such as ``{question}\nAnswer: {answers[0].text}``."""
    id_field: FieldName | None
    """None numbers the documents."""
    score_field: FieldName | None
    """A number that goes along with the document; None where there is none."""
    score_min: Score | None
    """Stage filter drops documents with a lower score; None keeps all."""
    max_docs: Positive | None
    """Documents after which ingest stops; None takes all."""
    target_tokens: Positive | None
    """Tokens wanted of this source: pack stops there, ingest reads a fifth more; None wants all."""
    bytes_per_token: PositiveFloat | None
    """What ingest assumes while there is no tokenizer; None where no tokens are counted."""

    def __post_init__(self) -> None:
        """Reject fields that each pass alone but do not fit together."""
        if (self.text_field is None) == (self.template is None):
            raise ValueError("expected either text_field or template, and null for the other")
        if self.template is not None:
            parse_template(self.template)
        if self.score_min is not None and self.score_field is None:
            raise ValueError("score_min needs a score_field: name the field that holds the score")
        if self.target_tokens is not None and self.bytes_per_token is None:
            raise ValueError("target_tokens needs bytes_per_token: 4.0 is about right for English")


@section
class JsonlSource(RowSource):
    """Files of JSON lines, one document a line."""

    kind: Literal["jsonl"]
    glob: str


@section
class HfSource(RowSource):
    """A dataset of Hugging Face, streamed from the hub or from a folder below the corpus' input."""

    kind: Literal["hf"]
    path: str
    """``owner/name`` on the hub, or a folder: ``.`` is the corpus' input, ``./x`` lies in it."""
    config: FieldName | None
    """Which of the dataset's configurations; None takes its default."""
    split: FieldName
    revision: str | None
    """A commit of the hub, in 40 hex digits; None for a folder."""
    data_files: Annotated[tuple[str, ...], Field(min_length=1)] | None
    """Patterns of files within the dataset; None takes those that its card names."""

    def __post_init__(self) -> None:
        """Reject fields that each pass alone but do not fit together."""
        RowSource.__post_init__(self)
        if self.is_local:
            self._check_local()
        elif not HUB_PATH.fullmatch(self.path):
            raise ValueError(
                f"path: expected owner/name on the hub or ./folder, found {self.path!r}"
            )
        elif not (self.revision and COMMIT.fullmatch(self.revision)):
            raise ValueError(
                f"revision: expected the 40 hex digits of a commit, found {self.revision!r} (a "
                "branch moves, and the text with it); to find today's commit, run: python -c "
                "'from huggingface_hub import HfApi; "
                f'print(HfApi().dataset_info("{self.path}").sha)\''
            )

    @property
    def is_local(self) -> bool:
        """Whether the dataset lies in the corpus' input."""
        return self.path == "." or self.path.startswith("./")

    def _check_local(self) -> None:
        if ".." in self.path.split("/"):
            raise ValueError(f"path: expected a folder below the input, found {self.path!r}")
        if self.revision is not None:
            raise ValueError(
                f"revision: expected null for a folder, found {self.revision!r}: its files are "
                "known by their digest"
            )


SOURCES = (SyntheticSource, StdlibSource, TextSource, JsonlSource, HfSource)
SourceConfig = Annotated[
    SyntheticSource | StdlibSource | TextSource | JsonlSource | HfSource,
    Field(discriminator="kind"),
]


@section
class Recipe:
    """The sources of a corpus, in order."""

    sources: tuple[SourceConfig, ...]
    keep_trailing_spaces: tuple[Name, ...]
    """Sources whose lines keep the spaces at their ends."""

    def __post_init__(self) -> None:
        """Reject names that are used twice or refer to nothing."""
        if (
            not self.sources
        ):  # not by a limit of the field, which would speak up beside other errors
            raise ValueError("sources: expected at least 1 item, found none")
        names = [source.name for source in self.sources]
        if len(set(names)) < len(names):
            raise ValueError(f"source names must differ, found {', '.join(names)}")
        if unknown := set(self.keep_trailing_spaces) - set(names):
            raise ValueError(
                f"keep_trailing_spaces names no source: {', '.join(sorted(unknown))}; "
                f"choose from: {', '.join(names)}"
            )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read one recipe.

        Raises:
            ConfigError: the file is absent, or a key is missing, unknown or of the wrong type.
        """
        values = read_yaml(path)
        known = {field for each in (cls, *SOURCES) for field in each.__dataclass_fields__}
        try:
            return TypeAdapter(cls).validate_python(values)
        except ValidationError as error:
            raise ConfigError(f"{path} cannot be used:\n{explain(error, known)}") from None

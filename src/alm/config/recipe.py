"""A corpus recipe, ``configs/corpora/<name>.yaml``: where text comes from, under which licence."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter, ValidationError

from alm.config.checks import explain
from alm.config.sections import Count, Flag, Fraction, Positive, section
from alm.config.yaml import read_yaml
from alm.errors import ConfigError

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Licence = Annotated[str, Field(min_length=1)]


@section
class SyntheticSource:
    """Text from a seeded generator that knows the truth about it."""

    kind: Literal["synthetic"]
    name: Name
    licence: Licence
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
    glob: str
    """Which files of the corpus' ``input`` to read, such as ``**/*.txt`` or ``**/*.txt.gz``."""


@section
class JsonlSource:
    """Files of JSON lines, one document a line."""

    kind: Literal["jsonl"]
    name: Name
    licence: Licence
    glob: str
    text_field: str
    id_field: str | None
    """None numbers the documents."""


SOURCES = (SyntheticSource, StdlibSource, TextSource, JsonlSource)
SourceConfig = Annotated[
    SyntheticSource | StdlibSource | TextSource | JsonlSource, Field(discriminator="kind")
]


@section
class Recipe:
    """The sources of a corpus, in order."""

    sources: Annotated[tuple[SourceConfig, ...], Field(min_length=1)]
    keep_trailing_spaces: tuple[Name, ...]
    """Sources whose lines keep the spaces at their ends."""

    def __post_init__(self) -> None:
        """Reject names that are used twice or refer to nothing."""
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

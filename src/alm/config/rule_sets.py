"""The filter section: sets of rules on text, and where each draws its line.

A set is a class; its fields are limits named after features of a text (``alm.corpus.filters``). A
recipe says which sets the documents of a source must pass.
"""

from typing import Annotated

from pydantic import Field

from alm.config.sections import Amount, Count, Fraction, Positive, PositiveFloat, section


@section
class CoherentRules:
    """What no text of any kind is: noise, the same thing over and over, a dump, bare markup.

    Like every set of rules: a field is ``min_`` or ``max_`` and the name of a feature.
    """

    max_ascii_word_length: PositiveFloat
    """Mean characters of words in ASCII."""
    max_jumbled_pairs: Fraction
    """Of neighbouring letters and digits in ASCII, those where the kind changes."""
    max_tag_characters: Fraction
    max_duplicate_10gram_characters: Fraction


@section
class QualityRules:
    """Limits on words, symbols and lines of prose."""

    min_words: Count
    max_words: Positive
    min_mean_word_length: Amount
    max_mean_word_length: Amount
    max_symbols_per_word: Amount
    """Of ``#``, and of ellipses."""
    max_bullet_lines: Fraction
    max_ellipsis_lines: Fraction
    min_alphabetic_words: Fraction
    min_stop_words: Count
    """Different ones among: the, be, to, of, and, that, have, with."""


@section
class RepetitionRules:
    """Limits on what a text says again."""

    max_duplicate_lines: Fraction
    max_duplicate_paragraphs: Fraction
    max_duplicate_line_characters: Fraction
    max_duplicate_paragraph_characters: Fraction
    max_top_2gram_characters: Fraction
    """In the commonest run of 2 words."""
    max_top_3gram_characters: Fraction
    max_top_4gram_characters: Fraction
    max_duplicate_5gram_characters: Fraction
    """In runs of 5 words that stood there before."""
    max_duplicate_6gram_characters: Fraction
    max_duplicate_7gram_characters: Fraction
    max_duplicate_8gram_characters: Fraction
    max_duplicate_9gram_characters: Fraction
    max_duplicate_10gram_characters: Fraction


@section
class SentenceRules:
    """Limits on the sentences of a web page, and signs of a page without any."""

    max_curly_brackets: Count
    max_lorem_ipsum: Count
    min_sentences: Count
    """On lines that end like one and have at least 3 words."""


@section
class LineRules:
    """Limits on the lines of a web page."""

    min_punctuated_lines: Fraction
    max_short_lines: Fraction
    """Of at most 30 characters."""
    max_duplicate_line_characters: Fraction
    max_newlines_per_word: Amount


@section
class ScriptRules:
    """Limits on the letters that a text is written in."""

    min_latin_letters: Fraction


@section
class PerplexityRules:
    """Which texts a small model of a reference source finds strange."""

    reference: str | None
    """Name of the source that it learns from."""
    reference_bytes: Positive
    """How much of it."""
    max_percentile: Annotated[Amount, Field(gt=0, le=100)]
    """Documents of a judged source up to this percentile of bits per byte are kept."""


@section
class DecontaminationRules:
    """Which texts hold what a model will be examined on."""

    files: tuple[str, ...]
    """Below ``data/evaluation``."""
    n_words: Positive
    """Words in a row that a document and a file have in common."""


@section
class FilterConfig:
    """Sets of rules; a recipe names those that each source must pass."""

    coherent: CoherentRules
    gopher_quality: QualityRules
    gopher_repetition: RepetitionRules
    c4: SentenceRules
    fineweb: LineRules
    script: ScriptRules
    perplexity: PerplexityRules
    decontamination: DecontaminationRules

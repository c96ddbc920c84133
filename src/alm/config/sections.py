"""One frozen dataclass per section. No defaults: the YAML files are the only source of values.

A default here would be a value that DVC cannot see change. Sections are checked by pydantic when
built (strictly: a number in quotes is no number), and are plain dataclasses afterwards:
``dataclasses.asdict`` and ``replace`` work.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, PlainValidator
from pydantic.dataclasses import dataclass

Flag = Annotated[bool, Field(strict=True)]
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**63)]
Count = Annotated[int, Field(strict=True, ge=0)]
Positive = Annotated[int, Field(strict=True, gt=0)]
PositiveFloat = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Amount = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(strict=True, ge=0, le=1)]
Penalty = Annotated[float, Field(strict=True, ge=-2, le=2)]  # the OpenAI API's range
Decay = Annotated[float, Field(strict=True, ge=0, lt=1)]  # of a running mean; 1 would never move
SHARE_TOLERANCE = 1e-6  # by which the shares of a mixture may miss 1, as written decimals do
SMALLEST_VOCABULARY = 320  # the bytes, the symbols, and something to learn
section = dataclass(frozen=True, kw_only=True, slots=True, config=ConfigDict(extra="forbid"))


def _check_vocab_size(value: object) -> int | str:
    """Take a number or ``auto``, and say so where it is neither, in one line."""
    if value == "auto" or (type(value) is int and value >= SMALLEST_VOCABULARY):
        return value
    raise ValueError(f"expected 'auto' or an integer of at least {SMALLEST_VOCABULARY}")


# --- text: a corpus has these -----------------------------------------------------------------


@section
class IngestConfig:
    """What ingest does with input that is not clean text."""

    max_doc_bytes: Positive
    """Longest document, in bytes of UTF-8; also the most that is ever held of one line."""
    on_long_document: Literal["quarantine", "split"]
    on_bad_utf8: Literal["quarantine", "replace", "fail"]
    on_bad_file: Literal["fail", "skip"]
    """A truncated or damaged compressed file."""
    on_id_conflict: Literal["fail", "suffix"]
    """One id, two texts."""
    max_bad_fraction: Fraction
    """Share of records that may be quarantined before the stage fails."""
    max_bad_run: Positive
    """Quarantined records in a row before the stage fails."""


@section
class NormalizeConfig:
    """How text is cleaned; case, symbols and newlines are always kept."""

    max_control_fraction: Fraction
    """A document with a larger share of control characters is binary and quarantined."""
    max_blank_lines: Count
    """Blank lines in a row that are kept."""


@section
class DedupConfig:
    """Which documents say the same, and how the rest is split."""

    near_duplicates: Literal["global", "source", "off"]
    """Among all documents, within each source, or not looked for; exact ones always are."""
    min_jaccard: Annotated[Fraction, Field(gt=0)]
    """Two documents are near duplicates from this overlap of their shingles on."""
    shingle_words: Positive
    """Words in a row that make one shingle."""
    n_bands: Positive
    """MinHash: two documents are compared when all rows of one band agree."""
    band_rows: Positive
    val_fraction: Annotated[float, Field(strict=True, gt=0, lt=1)]
    """Expected share of duplicate clusters that is held out for validation."""


@section
class TokenizerConfig:
    """How the vocabulary is learnt."""

    algorithm: Literal["bpe", "unigram"]
    vocab_size: Annotated[int | str, PlainValidator(_check_vocab_size)]
    """Pieces, with the 256 bytes and the control symbols among them; auto asks the text."""
    max_vocab_size: Annotated[Positive, Field(ge=512)]
    """Most pieces that auto takes."""
    character_coverage: Annotated[Fraction, Field(ge=0.98)]
    """Share of characters that may become pieces; the rest are spelt in bytes."""


@section
class PackConfig:
    """How token streams are cut into files."""

    shard_tokens: Annotated[Positive, Field(ge=1024)]
    """Tokens after which a new shard is begun; a document is never split."""


# --- training and after -----------------------------------------------------------------------


@section
class RuntimeConfig:
    """What is promised about the bits."""

    numerics: Literal["portable", "native"]
    """portable: the same bytes on any x86-64 CPU; native: fast, exact on one machine only."""
    compile: Literal["auto", "never"]
    """auto: fuse elementwise work where a native run is long enough to pay for compiling."""


@section
class CurriculumStep:
    """A time of shorter rows."""

    until: Annotated[Fraction, Field(gt=0, lt=1)]
    """Share of the steps at which it ends."""
    seq_len: Annotated[Positive, Field(ge=8)]


@section
class DataConfig:
    """How the token stream is cut into training rows, and in which order they come."""

    seq_len: Annotated[Positive, Field(ge=8)]
    """Tokens a model sees at once (T)."""
    rows: Literal["stream", "best_fit"]
    """Cut the stream every T tokens, or keep documents whole where they fit, and pad."""
    mixture: dict[str, PositiveFloat]
    """Source -> its share of the rows; empty takes every row once per epoch."""
    curriculum: tuple[CurriculumStep, ...]
    """Shorter rows first; as many tokens a step as ever."""
    document_mask: Flag
    """A token attends to its own document only, where a row holds several."""

    def __post_init__(self) -> None:
        """Reject shares and steps that each pass alone but do not fit together."""
        total = sum(self.mixture.values())
        if self.mixture and abs(total - 1) > SHARE_TOLERANCE:
            raise ValueError(
                f"mixture: expected shares that add up to 1, found {total:g} over "
                f"{', '.join(self.mixture)}; change one of them"
            )
        ends = [step.until for step in self.curriculum]
        if ends != sorted(set(ends)):
            raise ValueError(f"curriculum: expected rising values of until, found {ends}")
        for step in self.curriculum:
            if self.seq_len % step.seq_len:
                raise ValueError(
                    f"curriculum: seq_len {step.seq_len} does not divide data.seq_len "
                    f"{self.seq_len}"
                )


@section
class OptimConfig:
    """The optimizers: one for matrices, one for the rest."""

    matrices: Literal["muon", "adamw"]
    momentum: Decay
    """Muon's."""
    ns_steps: Positive
    """Newton-Schulz iterations in Muon."""
    betas: tuple[Decay, Decay]
    """AdamW's."""
    eps: PositiveFloat
    """AdamW's."""
    weight_decay: Amount
    """Decoupled, for matrices; the embedding, norms and the router have none."""
    embedding_lr_ratio: PositiveFloat
    """Learning rate of embedding, norms and router, as a multiple of ``train.lr``."""


@section
class TrainConfig:
    """How long and how hard to train."""

    init: str
    """``scratch``, or the preset whose weights to start from (same shape, same corpus)."""
    tokens: Positive
    """Tokens to train on; steps follow."""
    batch_size: Positive
    """Rows per optimizer step."""
    micro_batch_size: Positive
    """Rows per forward pass; the gradient is accumulated over ``batch_size`` rows."""
    lr: PositiveFloat
    schedule: Literal["wsd", "cosine"]
    """Warm-up, stable, linear decay; or warm-up and cosine."""
    warmup_fraction: Fraction
    decay_fraction: Fraction
    """Share of the steps over which wsd decays."""
    min_lr_ratio: Fraction
    """Last learning rate as a share of ``lr``."""
    grad_clip: PositiveFloat
    """Largest global gradient norm."""
    spike_deviations: Amount
    """A loss this many standard deviations above the recent mean trains nothing; 0: any may."""
    recompute: Flag
    """Compute a block's activations again in the backward pass, instead of keeping them."""
    balance_loss: Amount
    """Weight of the load-balancing loss of mixture layers."""
    z_loss: Amount
    """Weight of the squared size of router logits; softmax routers want 0.001."""
    bias_rate: Amount
    """How far a selection bias moves per step towards balance."""
    log_every: Positive
    """Steps between rows of the loss table."""
    validate_every: Positive
    """Steps between validations."""
    validate_rows: Positive
    """Rows that each validation reads, evenly spaced over the held-out stream."""
    save_every: Positive
    """Steps between saved states."""
    keep_states: Positive
    """Newest states that are kept."""

    def __post_init__(self) -> None:
        """Reject numbers that each pass alone but do not fit together."""
        if self.batch_size % self.micro_batch_size:
            raise ValueError(
                f"batch_size ({self.batch_size}) is no multiple of micro_batch_size "
                f"({self.micro_batch_size})"
            )
        if self.schedule == "wsd" and self.warmup_fraction + self.decay_fraction > 1:
            raise ValueError(
                f"warmup_fraction ({self.warmup_fraction}) and decay_fraction "
                f"({self.decay_fraction}) exceed 1 together"
            )

    @property
    def grad_accum_steps(self) -> int:
        """Forward passes per optimizer step."""
        return self.batch_size // self.micro_batch_size

    def steps(self, seq_len: int) -> int:
        """Optimizer steps that ``tokens`` ask for, rounded up."""
        return -(-self.tokens // (self.batch_size * seq_len))


@section
class EvaluateConfig:
    """How much held-out text is scored, and against what."""

    max_bytes: Positive
    """Bytes of each source that are scored, in whole documents (the first ones)."""
    limits: dict[str, Positive]
    """Source -> documents of it that are scored at most; one that is not named has no limit."""
    ngram_orders: tuple[Annotated[Positive, Field(le=7)], ...]
    """Byte n-gram models to stand beside the network; 7 is the most that fits 64 bits."""
    batch_size: Positive
    """Windows per forward pass."""
    tasks: tuple[Literal["copy", "reverse", "sort", "arithmetic", "recall", "json", "samples"], ...]
    """What is asked of the model besides; nothing where it is empty."""
    task_examples: Positive
    """Questions of each kind."""
    task_samples: Positive
    """Texts that are sampled for json, and for samples."""


@section
class QuantizeConfig:
    """How the quantized model is compared with the one it came from."""

    receipt_rows: Positive
    """Rows of ``data.seq_len`` held-out tokens on which both are run."""


@section
class SampleConfig:
    """What the model is asked to say, and how it chooses words."""

    prompts: Annotated[tuple[str, ...], Field(min_length=1)]
    max_new_tokens: Positive
    temperature: PositiveFloat
    top_k: Count
    """Tokens to choose from; 0 sets no limit."""
    top_p: Annotated[Fraction, Field(gt=0)]
    min_p: Fraction
    repetition_penalty: PositiveFloat
    """Divides scores of tokens that are in the prompt or were said; 1 is none."""
    presence_penalty: Penalty
    """Taken off the score of a token that was said, the prompt not counted."""
    frequency_penalty: Penalty
    """Taken off for each time that it was said."""

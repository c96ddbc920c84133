"""What stands on the screen at the end of a build: the few numbers that matter, and what next."""

from pathlib import Path
from typing import Any

from alm.errors import IntegrityError
from alm.io import read_json
from alm.project.terminal import one_line, printable

REPORTS = Path("reports")
FILES = ("pretrain", "evaluate", "quantize", "samples")
SHOWN_CHARACTERS = 70  # of a sample, so that it stays on one line


def summarize(preset: str, root: Path = Path()) -> str:
    """Return the summary of a preset that is built.

    Raises:
        IntegrityError: a report is absent, damaged, or lacks a number.
    """
    folder = REPORTS / preset
    reports = {name: read_json(root / folder / f"{name}.json") for name in FILES}
    try:
        lines = _lines(preset, folder, **reports)
    except (KeyError, IndexError, TypeError) as error:
        raise IntegrityError(
            f"{folder}: expected the reports of this version, found no {error} in one; run "
            f"`make repro PRESET={preset} FORCE=1`"
        ) from None
    return "\n".join(["", *(f"{label:14}{text}" for label, text in lines)])


def _lines(
    preset: str,
    folder: Path,
    *,
    pretrain: dict[str, Any],
    evaluate: dict[str, Any],
    quantize: dict[str, Any],
    samples: dict[str, Any],
) -> list[tuple[str, str]]:
    return [
        (preset, _training(pretrain)),
        ("bits per byte", _bits(evaluate["total"])),
        ("size", _sizes(quantize)),
        ("sample", _sample(samples["samples"][0])),
        ("report", f"{folder / 'report.html'}  (and {folder / 'card.md'})"),
        *zip(("try next", "", "", ""), _next(preset), strict=False),
    ]


def _training(facts: dict[str, Any]) -> str:
    tokens, val_loss = round(facts["tokens"] * facts["fill_rate"]), facts["val_loss"]
    ended = "not finite" if val_loss is None else f"{val_loss:.3f}"
    return (
        f"{facts['params']['total'] / 1e6:.1f} M parameters, {tokens:,} tokens in "
        f"{facts['steps']:,} steps, validation loss {ended}"
    )


def _bits(total: dict[str, Any]) -> str:
    ngrams = ", ".join(
        f"{order}-gram {bits:.3f}"
        for order, bits in sorted(total["ngram"].items(), key=lambda pair: int(pair[0]))
    )
    beside = f"; byte n-grams of the same text: {ngrams}" if ngrams else ""
    return f"{total['bits_per_byte']:.3f} on {total['bytes']:,} bytes held out{beside}"


def _sizes(receipt: dict[str, Any]) -> str:
    return (
        f"{receipt['bytes_float'] / 1e6:.1f} MB, {receipt['bytes_int8'] / 1e6:.1f} MB in int8, "
        f"which changes the loss by {receipt['delta_nll']:+z.4f} and keeps "
        f"{100 * receipt['same_top1']:.1f} % of first choices"
    )


def _sample(sample: dict[str, Any]) -> str:
    said = one_line(sample["sampled"]["text"])
    more = "..." if len(said) > SHOWN_CHARACTERS else ""
    return f"{printable(sample['prompt'])} | {said[:SHOWN_CHARACTERS]}{more}"


def _next(preset: str) -> list[str]:
    rebuild = "make" if preset == "tiny" else f"make repro PRESET={preset}"
    lines = [
        f'make sample PRESET={preset} PROMPT="..."   ask it yourself',
        f"change a knob in params.yaml, then: {rebuild} && make metrics",
        "your own text: see data/README.md",
    ]
    larger = ["make repro PRESET=pico   real text; `make plan PRESET=pico` says how long"]
    return larger + lines if preset == "tiny" else lines

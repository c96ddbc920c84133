"""Show what the model said, and never let it be taken for what it was told."""

from typing import Any

from alm.report.figures import whole
from alm.report.markup import escape, tag, visible
from alm.report.table import markdown_cell

STYLES = ("greedy", "sampled")


def samples_html(samples: list[dict[str, Any]]) -> str:
    """Return a figure per prompt and way of choosing tokens."""
    shown = [
        _figure(sample["prompt"], style, sample[style]) for sample in samples for style in STYLES
    ]
    return tag("div", *shown, class_="samples")


def samples_markdown(samples: list[dict[str, Any]]) -> str:
    """Return a fenced block per prompt and way of choosing tokens.

    The fence is longer than any run of backticks in the text, which can so not end it.
    """
    blocks = [
        _block(sample["prompt"], style, sample[style]) for sample in samples for style in STYLES
    ]
    return "\n\n".join(blocks)


def _figure(prompt: str, style: str, said: dict[str, Any]) -> str:
    text = tag("b", escape(prompt), class_="prompt") + tag("span", escape(said["text"]))
    return tag(
        "figure",
        tag("figcaption", tag("b", escape(style)), f" · {escape(_note(said))}"),
        tag("p", text, class_="sample", dir="auto"),
        class_="card",
    )


def _block(prompt: str, style: str, said: dict[str, Any]) -> str:
    text = visible(said["text"]).strip("\n")
    fence = "`" * max(3, _longest_run(text, "`") + 1)
    given = f"\N{LEFT DOUBLE QUOTATION MARK}{markdown_cell(prompt)}\N{RIGHT DOUBLE QUOTATION MARK}"
    return f"**After {given}**, {style} ({_note(said)}):\n\n{fence}text\n{text}\n{fence}"


def _note(said: dict[str, Any]) -> str:
    return f"{whole(said['tokens'])} tokens, longest copied run {whole(said['copied_tokens'])}"


def _longest_run(text: str, mark: str) -> int:
    longest = run = 0
    for character in text:
        run = run + 1 if character == mark else 0
        longest = max(longest, run)
    return longest

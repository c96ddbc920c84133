"""What a model made of tasks with known answers, beside what chance would make of them."""

from collections.abc import Mapping
from typing import Any

from alm.report.figures import NONE, number, share, whole
from alm.report.findings import Findings
from alm.report.table import Table
from alm.report.words import name_task

ORDERS = {"1": "tokens", "2": "pairs of tokens", "3": "triples of tokens"}


def tasks(found: Findings) -> list[Table]:
    """Return a table of answers, and one of what samples repeat; none where nothing was asked."""
    facts = found.evaluate["tasks"]
    rows = [_question_row(name, each) for name, each in facts.get("questions", {}).items()]
    rows += [_json_row(facts["json"])] if "json" in facts else []
    tables = [_answers(rows)] if rows else []
    return [*tables, _repeats(facts["samples"])] if "samples" in facts else tables


def _answers(rows: list[list[str]]) -> Table:
    return Table(
        "Questions with known answers, with 95 % intervals",
        [
            "task",
            "asked",
            "says the answer",
            "by chance",
            "prefers it to others",
            "by chance",
            "int8 says it",
            "int8 prefers it",
            "both prefer the same",
            "seen in training",
        ],
        rows,
    )


def _question_row(name: str, facts: Mapping[str, Any]) -> list[str]:
    return [
        name_task(name),
        whole(facts["n"]),
        *_beside_chance(facts["exact"]),
        *_beside_chance(facts["choice"]),
        *(_sure(facts["int8"][key]) for key in ("exact", "choice", "same")),
        share(facts["seen"]),
    ]


def _json_row(facts: Mapping[str, Any]) -> list[str]:
    return ["valid JSON", whole(facts["n"]), *_beside_chance(facts["valid"]), *[NONE] * 6]


def _beside_chance(facts: Mapping[str, Any]) -> list[str]:
    return [_sure(facts), share(facts["chance"])]


def _sure(facts: Mapping[str, Any]) -> str:
    """Return a share and its interval: ``18.0 % (9.8 % to 30.8 %)``."""
    if facts["value"] is None:
        return NONE
    low, high = map(share, facts["interval"])
    return f"{share(facts['value'])} ({low} to {high})"


def _repeats(facts: Mapping[str, Any]) -> Table:
    both = (facts["samples"], facts["held_out"])
    rows = [
        [f"distinct {name}", *(number(each["distinct"][order], 3) for each in both)]
        for order, name in ORDERS.items()
    ]
    return Table(
        f"What {whole(facts['n'])} samples repeat, {whole(facts['tokens'])} tokens in all, "
        "and what held-out text does",
        ["", "model", "held-out text"],
        [
            *rows,
            ["repeated runs of 4 tokens", *(share(each["repeated"]) for each in both)],
            ["end in a loop", *(_sure(each["loops"]) for each in both)],
        ],
    )

"""What the corpus planted to be found, and what its stages did find: a measure of both."""

from collections.abc import Mapping
from typing import Any

from alm.report.figures import number, share, whole
from alm.report.findings import Findings
from alm.report.table import Table
from alm.report.words import sources

TITLE = "What was planted, and what was found"


def planted(found: Findings) -> list[Table]:
    """Return a table for each kind of thing that a source planted; none where none did."""
    dedup, junk = found.corpus["dedup"].facts["planted"], found.corpus["filter"].facts["planted"]
    tables = [
        _exact(_order(dedup["exact_duplicate"], found)),
        _near(
            _with_total(dedup["near_duplicate"], found),
            found.corpus["dedup"].params["dedup"]["min_jaccard"],
        ),
        _junk(_with_total(junk["junk"], found)),
    ]
    return [table for table in tables if table.rows]


def _exact(copies: Mapping[str, Any]) -> Table:
    rows = {name: [each["planted"], each["found"]] for name, each in copies.items()}
    if rows:
        rows["all"] = [sum(column) for column in zip(*rows.values(), strict=True)]
    return Table(
        f"{TITLE}: copies to the byte",
        ["source", "planted", "found", "recall"],
        [
            [name, whole(planted), whole(dropped), _rate(dropped, planted)]
            for name, (planted, dropped) in rows.items()
        ],
    )


def _near(rows: Mapping[str, Any], min_jaccard: float) -> Table:
    return Table(
        f"{TITLE}: near-duplicates",
        [
            "source",
            "planted",
            f"of these with Jaccard of {number(min_jaccard, 2)} or more",
            "found",
            "recall",
            "dropped in all",
            "rightly",
            "precision",
        ],
        [
            [
                name,
                *(whole(each[key]) for key in ("planted", "alike", "found")),
                _rate(each["found"], each["alike"]),
                *(whole(each[key]) for key in ("dropped", "true")),
                _rate(each["true"], each["dropped"]),
            ]
            for name, each in rows.items()
        ],
    )


def _junk(rows: Mapping[str, Any]) -> Table:
    return Table(
        f"{TITLE}: junk",
        [
            "source",
            "junk",
            "dropped",
            "recall",
            "good documents",
            "dropped by mistake",
            "share of them",
        ],
        [
            [
                name,
                *(whole(each[key]) for key in ("planted", "found")),
                _rate(each["found"], each["planted"]),
                *(whole(each[key]) for key in ("good", "falsely_dropped")),
                share(each["falsely_dropped_share"], 2),
            ]
            for name, each in rows.items()
            if rows["all"]["planted"]
        ],
    )


def _with_total(facts: Mapping[str, Any], found: Findings) -> dict[str, Any]:
    """Return the figures of each source, those of all together last; {} without any."""
    return {**_order(facts["sources"], found), "all": facts["all"]} if facts else {}


def _order(facts: Mapping[str, Any], found: Findings) -> dict[str, Any]:
    """Return the figures of each source in the order of the corpus."""
    return {name: facts[name] for name in sources(found) if name in facts}


def _rate(part: int, total: int) -> str:
    return share(part / total if total else None)

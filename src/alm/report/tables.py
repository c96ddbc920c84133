"""The tables of a report, each a plain reading of what one stage found."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from alm.report.figures import NONE, between, bits, number, ratio, share, signed, size, whole
from alm.report.findings import CORPUS_STAGES, Findings
from alm.report.table import Table
from alm.report.words import sources

SHORT_HASH = 12  # hex digits that are shown of a digest


def held_out(found: Findings) -> Table:
    """Tell bits per byte by source and in total, and what the n-gram models need."""
    orders = sorted(found.evaluate["total"]["ngram"], key=int, reverse=True)
    named = [(name, found.evaluate["sources"].get(name)) for name in sources(found)]
    rows = [_score_row(name, score, orders) for name, score in named if score]
    return Table(
        "Held-out text, in bits per byte",
        [
            "source",
            "documents",
            "bytes",
            "model",
            "95 % interval",
            *(f"{order}-gram" for order in orders),
            *(f"against {order}-gram" for order in orders[:1]),
            "perplexity",
            "bytes per token",
            "seen in training",
        ],
        [*rows, _score_row("all", found.evaluate["total"], orders)],
    )


def receipt(found: Findings) -> Table:
    """Tell what int8 blocks save and cost."""
    facts = found.quantize
    change = ratio(facts["bytes_int8"] / facts["bytes_float"])
    return Table(
        "Receipt for int8",
        ["", "float32", "int8", "change"],
        [
            ["weights file", size(facts["bytes_float"]), size(facts["bytes_int8"]), change],
            ["bits per quantized weight", "32", number(8 * facts["bytes_per_weight"], 3), NONE],
            [
                "held-out loss, nats per token",
                number(facts["nll_float"], 5),
                number(facts["nll_int8"], 5),
                signed(facts["delta_nll"], 3),
            ],
            ["KL divergence, nats per token", NONE, NONE, number(facts["kl_divergence"], 3)],
            ["same likeliest token", NONE, NONE, share(facts["same_top1"], 2)],
        ],
    )


def flow(found: Findings) -> Table:
    """Tell what became of the documents, stage by stage."""
    books = {stage: found.corpus[stage].facts for stage in CORPUS_STAGES[:-1]}
    return Table(
        "Documents, stage by stage",
        ["stage", "in", "out", "dropped", "set aside as unusable"],
        [_flow_row(stage, facts) for stage, facts in {**books, "pack": _packed(found)}.items()],
        text_columns=(0, 3, 4),
    )


def origins(found: Findings) -> Table:
    """Tell where the text came from, under which licence, and how much of it is left."""
    listed = found.corpus["filter"].facts["sources"]
    return Table(
        "Sources, after duplicates and what the filters refuse were dropped",
        ["source", "kind", "licence", "documents", "text"],
        [
            [each["name"], each["kind"], each["licence"], whole(each["docs"]), size(each["bytes"])]
            for each in listed
        ],
        text_columns=(0, 1, 2),
    )


def splits(found: Findings) -> Table:
    """Tell how much text is trained on, and how much is held out."""
    rows = [
        [name, whole(part["docs"]), size(part["bytes"]), whole(part["tokens"])]
        for name, part in sorted(found.corpus["packed"].facts["splits"].items())
    ]
    return Table("Splits", ["split", "documents", "text", "tokens"], rows)


def fertility(found: Findings) -> Table:
    """Tell how many tokens the text of each source makes, and how many bytes stand in one."""
    packed = found.corpus["packed"].facts["splits"]["train"]["sources"]
    held_out = found.tokenizer.facts["val"]["bytes_per_token"]
    rows = [(name, packed[name], held_out.get(name)) for name in sources(found)]
    return Table(
        "Text and tokens that are trained on",
        ["source", "documents", "text", "tokens", "bytes per token", "of held-out text"],
        [
            [
                name,
                whole(part["docs"]),
                size(part["bytes"]),
                whole(part["tokens"]),
                number(part["bytes"] / part["tokens"] if part["tokens"] else None, 3),
                number(apart, 3),
            ]
            for name, part, apart in rows
        ],
    )


def mixture(found: Findings) -> list[Table]:
    """Tell how often the rows of each source were read; no table where all came alike."""
    facts = found.pretrain.get("sources", {})
    rows = [(name, facts[name]) for name in sources(found) if name in facts]
    table = Table(
        "Mixture of sources",
        ["source", "rows", "share of what was read", "times read", "full"],
        [
            [
                name,
                whole(each["rows"]),
                share(each["share"]),
                number(each["epochs"], 3),
                share(each["fill_rate"], 2),
            ]
            for name, each in rows
        ],
    )
    return [table] if rows else []


def shape(found: Findings) -> Table:
    """List the sizes of the network."""
    return _settings("Shape", _flatten(found.spec["model"]))


def parameters(found: Findings) -> list[Table]:
    """List every parameter that the weights depend on, a table per section."""
    params = found.model.params
    sections = {name: value for name, value in params.items() if isinstance(value, Mapping)}
    loose = {name: value for name, value in params.items() if name not in sections}
    return [_settings(name, _flatten(values)) for name, values in sections.items()] + [
        _settings("shared", loose)
    ]


def environment(found: Findings) -> Table:
    """Name what computed the weights."""
    return _settings("Computed with", {**found.model.libraries, **found.pretrain["numerics"]})


def digests(found: Findings) -> list[Table]:
    """Give the first digits of the SHA-256 of all that went in and came out."""
    named = {
        "Text, SHA-256": {
            **{stage: manifest.sha256 for stage, manifest in found.corpus.items()},
            "tokenizer": found.tokenizer.sha256,
            "vocabulary": found.corpus["packed"].facts["tokenizer_sha256"],
        },
        "Code, SHA-256": found.model.code,
        "Model, SHA-256": {
            **{name: entry.sha256 for name, entry in found.model.files.items()},
            "manifest.json": found.model.sha256,
        },
        "Model in int8, SHA-256": {
            **{name: entry.sha256 for name, entry in found.int8.files.items()},
            "manifest.json": found.int8.sha256,
        },
    }
    return [
        _settings(caption, {name: each[:SHORT_HASH] for name, each in sorted(values.items())})
        for caption, values in named.items()
    ]


def _score_row(name: str, score: dict[str, Any], orders: list[str]) -> list[str]:
    return [
        name,
        whole(score["documents"]),
        size(score["bytes"]),
        bits(score["bits_per_byte"]),
        between(score["interval"]),
        *(bits(score["ngram"][order]) for order in orders),
        *(ratio(score["ratio"][order]) for order in orders[:1]),
        number(score["perplexity"]),
        number(score["bytes_per_token"], 3),
        share(score["seen"]),
    ]


def _flow_row(stage: str, facts: dict[str, Any]) -> list[str]:
    lost = [_reasons(facts["dropped"]), _reasons(facts["quarantined"])]
    return [stage, whole(facts["docs_in"]), whole(facts["docs_out"]), *lost]


def _packed(found: Findings) -> dict[str, Any]:
    """Return the books of stage pack, whose manifest has them by split."""
    splits = found.corpus["packed"].facts["splits"].values()
    dropped: Counter[str] = Counter()
    for part in splits:
        dropped.update(part["dropped"])
    return {
        "docs_in": found.corpus["filter"].facts["docs_out"],
        "docs_out": sum(part["docs"] for part in splits),
        "dropped": dropped,
        "quarantined": {},
    }


def _reasons(counts: dict[str, int]) -> str:
    return ", ".join(f"{reason} {whole(n)}" for reason, n in sorted(counts.items())) or NONE


def _settings(caption: str, values: Mapping[str, Any]) -> Table:
    rows = [[name, _value(value)] for name, value in values.items()]
    return Table(caption, ["name", "value"], rows)


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value)) or NONE
    if isinstance(value, Mapping):
        return " ".join(f"{name} {_value(each)}" for name, each in value.items()) or NONE
    return NONE if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings under dotted names."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat

"""The report as one HTML page that needs nothing but itself: no script, no font, no network."""

from pathlib import Path

from alm.report import charts, tables, words
from alm.report.figures import bits, ratio, short, signed, size, whole
from alm.report.findings import Findings
from alm.report.markup import escape, tag
from alm.report.planted import planted
from alm.report.samples import samples_html
from alm.report.tasks import tasks

STYLE = Path(__file__).with_name("page.css")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
SECTIONS = {
    "held-out": "Held-out text",
    "training": "Training",
    "samples": "Samples",
    "tasks": "Tasks",
    "int8": "Int8",
    "corpus": "Corpus",
    "provenance": "Provenance",
}


def render_page(found: Findings) -> str:
    """Return the page; equal findings give equal bytes."""
    body = [
        _header(found),
        _tiles(found),
        tag(
            "main",
            _held_out(found),
            _training(found),
            _samples(found),
            _tasks(found),
            _int8(found),
            _text(found),
            _provenance(found),
        ),
        tag("footer", f"Built by alm. {escape(words.promise(found))}"),
    ]
    head = [
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="color-scheme" content="light dark">',
        '<link rel="icon" href="data:,">',
        tag("title", escape(f"{found.preset}: alm model report")),
        tag("style", STYLE.read_text(encoding="utf-8")),
    ]
    page = tag("html", "\n", tag("head", *head), "\n", tag("body", *body), "\n", lang="en")
    return f"<!doctype html>\n{page}\n"


def _header(found: Findings) -> str:
    links = [tag("a", escape(title), href=f"#{name}") for name, title in SECTIONS.items()]
    return tag(
        "header",
        tag("p", "alm model report", class_="kicker"),
        tag("h1", escape(found.preset)),
        tag("p", escape(words.introduce(found)), class_="lead"),
        tag("nav", *links, aria_label="Sections"),
    )


def _tiles(found: Findings) -> str:
    total, facts, int8 = found.evaluate["total"], found.pretrain, found.quantize
    params = facts["params"]
    orders = sorted(total["ngram"], key=int)
    ngrams = [f"{order}-gram {bits(total['ngram'][order])}" for order in orders]
    smaller = ratio(int8["bytes_int8"] / int8["bytes_float"])
    tiles = [
        ("bits per byte", bits(total["bits_per_byte"]), " · ".join(ngrams)),
        ("parameters", short(params["total"]), f"{short(params['active'])} at work on each token"),
        ("tokens trained on", short(words.tokens_read(found)), f"{whole(facts['steps'])} steps"),
        ("int8 weights", size(int8["bytes_int8"]), f"{smaller} the size, {_loss_note(found)}"),
    ]
    return tag("ul", *(_tile(*each) for each in tiles), class_="tiles")


def _loss_note(found: Findings) -> str:
    return f"loss {signed(found.quantize['delta_nll'])}"


def _tile(name: str, value: str, note: str) -> str:
    parts = (("name", name), ("figure", value), ("note", note))
    return tag("li", *(tag("span", escape(text), class_=kind) for kind, text in parts))


def _section(name: str, lead: str, *parts: str) -> str:
    title = tag("h2", escape(SECTIONS[name]), id=f"{name}-title")
    return tag(
        "section",
        title,
        tag("p", escape(lead), class_="lead"),
        *parts,
        id=name,
        aria_labelledby=f"{name}-title",
    )


def _figure(caption: str, drawing: str, kind: str = "card") -> str:
    return tag("figure", tag("figcaption", tag("b", escape(caption))), drawing, class_=kind)


def _wide_figure(caption: str, drawing: str) -> str:
    """Frame a chart that would be too small to read were it made to fit a narrow screen."""
    return _figure(caption, drawing, "card wide")


def _held_out(found: Findings) -> str:
    return _section(
        "held-out",
        words.compare(found),
        _wide_figure("Bits per byte, less is better", charts.bits_per_byte(found)),
        tables.held_out(found).html(),
        tag("p", escape(" ".join(found.evaluate["rule"])), class_="fine"),
    )


def _training(found: Findings) -> str:
    small = [
        _figure("Learning rate", charts.learning_rate(found)),
        _figure("Gradient norm", charts.gradient_norm(found)),
    ]
    load = []
    if words.is_mixture(found):
        small.append(_figure("Busiest expert", charts.busiest_expert(found)))
        load = [_wide_figure("Load of each expert, over the mean", charts.expert_load(found))]
    return _section(
        "training",
        words.recount_training(found),
        _wide_figure("Loss", charts.loss(found)),
        tag("div", *small, class_="row"),
        *load,
        *(table.html() for table in tables.mixture(found)),
    )


def _samples(found: Findings) -> str:
    return _section("samples", words.warn_of_copies(found), samples_html(found.samples["samples"]))


def _tasks(found: Findings) -> str:
    rule = found.evaluate["tasks"].get("rule", [])
    return _section(
        "tasks",
        words.recount_tasks(found),
        *(table.html() for table in tasks(found)),
        tag("p", escape(" ".join(rule)), class_="fine"),
    )


def _int8(found: Findings) -> str:
    return _section("int8", words.recount_quantization(found), tables.receipt(found).html())


def _text(found: Findings) -> str:
    parts = [
        tables.origins(found),
        tables.flow(found),
        *planted(found),
        tables.splits(found),
        tables.fertility(found),
    ]
    return _section("corpus", words.recount_text(found), *(table.html() for table in parts))


def _provenance(found: Findings) -> str:
    about = [
        tables.shape(found),
        *tables.parameters(found),
        tables.environment(found),
        *tables.digests(found),
    ]
    return _section(
        "provenance",
        "What the weights depend on. To build them again:",
        tag("pre", tag("code", escape(words.rebuild_command(found)))),
        tag("div", *(table.html() for table in about), class_="columns"),
    )

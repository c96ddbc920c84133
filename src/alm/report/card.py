"""The report as a Markdown card: what it is, what it is worth, what it is made of."""

from alm.report import tables, words
from alm.report.findings import Findings
from alm.report.planted import planted
from alm.report.samples import samples_markdown
from alm.report.table import Table, markdown_cell
from alm.report.tasks import tasks


def render_card(found: Findings) -> str:
    """Return the card; equal findings give equal bytes."""
    name = markdown_cell(found.preset)
    parts = [
        f"# {name}",
        words.introduce(found),
        words.compare(found),
        _titled("Use it", _fenced(f'make sample PRESET={found.preset} PROMPT="..."')),
        _titled("Held-out text", tables.held_out(found), _rule(found)),
        _titled("Training", words.recount_training(found), *tables.mixture(found)),
        _titled("Samples", words.warn_of_copies(found), samples_markdown(found.samples["samples"])),
        _titled("Tasks", words.recount_tasks(found), *tasks(found), *_task_rule(found)),
        _titled("Int8", words.recount_quantization(found), tables.receipt(found)),
        _titled(
            "Corpus",
            words.recount_text(found),
            tables.origins(found),
            tables.flow(found),
            *planted(found),
            tables.fertility(found),
        ),
        _titled("Limits", words.limits(found)),
        _titled(
            "Build it again",
            _fenced(words.rebuild_command(found)),
            tables.environment(found),
            *tables.digests(found),
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _titled(title: str, *parts: str | Table) -> str:
    written = [_captioned(part) if isinstance(part, Table) else part for part in parts]
    return "\n\n".join([f"## {title}", *written])


def _captioned(table: Table) -> str:
    return f"*{markdown_cell(table.caption)}*\n\n{table.markdown()}"


def _rule(found: Findings) -> str:
    return markdown_cell(" ".join(found.evaluate["rule"]))


def _task_rule(found: Findings) -> list[str]:
    rule = found.evaluate["tasks"].get("rule")
    return [markdown_cell(" ".join(rule))] if rule else []


def _fenced(command: str) -> str:
    return f"```sh\n{command}\n```"

"""The comparison as a page in Markdown, committed beside its figures."""

from collections.abc import Sequence

from alm.twins.comparison import Comparison, Contestant
from alm.twins.speed import Speed
from alm.twins.variants import ACTIVE, MIXTURE, TOTAL
from alm.twins.words import spell_mean, spell_range, tell

TITLES = {MIXTURE: "mixture", ACTIVE: "dense, equal active size", TOTAL: "dense, equal total size"}
METHOD = """\
* All networks of a seed read the same tokens in the same order, with the learning rate, schedule
  and batch of the preset; they were not tuned one by one. What differs is the shape.
* The loss is that of the last weights on {rows} held-out rows, evenly spaced (on all, where there
  are fewer), in nats per token.
* ± is a 95 % interval of the mean over seeds by Student's t; gaps are taken within a seed. The
  share that is recovered has an interval by Fieller's theorem, which is that of the t test."""
SPEED_METHOD = """\
* Speed: the networks took turns, a step of the preset's batch each, {turns} turns after a warm-up;
  with optimizer and loading, without validation and saving. Medians, and the range of the turns."""


def render_page(found: Comparison, speed: Speed | None) -> str:
    """Return the whole page."""
    method = METHOD.format(rows=found.held_out_rows)
    if speed:
        method += "\n" + SPEED_METHOD.format(turns=speed.turns)
    parts = [
        f"# {found.preset}: the mixture and its dense twins",
        "\n".join(f"* {sentence}" for sentence in tell(found, speed)),
        _networks(found, speed),
        *([f"Speed measured on {speed.machine}, {speed.day}."] if speed else []),
        _seeds(found),
        "## How",
        method,
        f"Made by `make twins PRESET={found.preset} SEEDS={len(found.seeds)} "
        f"TOKENS={found.tokens}`; the figures are in `{found.preset}.json`.",
    ]
    return "\n\n".join(parts) + "\n"


def _networks(found: Comparison, speed: Speed | None) -> str:
    head = [
        "network",
        "shape",
        "parameters",
        "active",
        "MFLOP a token",
        "held-out loss",
        "tokens/s",
    ]
    rows = [
        [TITLES[name], *_sizes(each), spell_mean(each.loss), _spell_speed(name, speed)]
        for name, each in found.contestants.items()
    ]
    return _table(head, rows, n_text=2)


def _sizes(each: Contestant) -> list[str]:
    return [
        f"`{each.model}`",
        f"{each.n_parameters / 1e6:.2f} M",
        f"{each.n_active / 1e6:.2f} M",
        f"{each.flops_per_token / 1e6:.1f}",
    ]


def _spell_speed(name: str, speed: Speed | None) -> str:
    if speed is None:
        return "-"
    found = speed.tokens_per_second[name]
    return f"{found.value:,.0f} ({spell_range(found, digits=0)})"


def _seeds(found: Comparison) -> str:
    names = list(found.contestants)
    losses = [found.contestants[name].losses for name in names]
    rows = [
        [str(seed), *(f"{loss:.4f}" for loss in each), f"{each[1] - each[0]:+z.4f}"]
        for seed, *each in zip(found.seeds, *losses, strict=True)
    ]
    return _table(["seed", *(TITLES[name] for name in names), "gap at equal active size"], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], n_text: int = 1) -> str:
    """Write a table, its first ``n_text`` columns to the left and the others to the right."""
    rule = ["---"] * n_text + ["--:"] * (len(head) - n_text)
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))

"""The charts of a report, each with the words that stand above it."""

from alm.report.bars import Bar, draw_bars
from alm.report.figures import bits
from alm.report.findings import Findings
from alm.report.loads import draw_loads
from alm.report.svg import Chart
from alm.report.words import is_mixture

WIDE = 960


def bits_per_byte(found: Findings) -> str:
    """Draw the model's bits per byte beside the n-gram models'."""
    total = found.evaluate["total"]
    ngrams = sorted(total["ngram"].items(), key=lambda item: int(item[0]), reverse=True)
    bars = [Bar("this model", total["bits_per_byte"], subject=True)]
    bars += [Bar(f"byte {order}-gram", value, subject=False) for order, value in ngrams]
    return draw_bars("Bits per byte of held-out text; less is better", bars, bits, WIDE)


def loss(found: Findings) -> str:
    """Draw the loss in training and on held-out rows."""
    losses = found.losses
    series = [losses.series("training", "loss"), losses.measured("held-out", "val_loss")]
    return Chart(
        title="Loss",
        x_label="tokens trained on",
        y_label="nats per token",
        series=series,
        width=WIDE,
        height=320,
    ).draw()


def learning_rate(found: Findings) -> str:
    """Draw the schedule."""
    return _small(found, "Learning rate", "lr", "rate", include=(0.0,))


def gradient_norm(found: Findings) -> str:
    """Draw the gradient's norm before clipping."""
    return _small(found, "Gradient norm", "grad_norm", "before clipping", log_y=True)


def busiest_expert(found: Findings) -> str:
    """Draw how much more than its fair share the busiest expert had."""
    return _small(found, "Busiest expert", "max_load", "load over the mean", include=(1.0,))


def expert_load(found: Findings) -> str:
    """Draw the load of every expert in the last validation."""
    first = found.spec["model"]["moe"]["n_dense_layers"] if is_mixture(found) else 0
    layers = [
        (f"layer {first + i}", shares)
        for i, shares in enumerate(found.pretrain["expert_load"], start=1)
    ]
    return draw_loads("Load of each expert in the last validation, over the mean", layers, WIDE)


def _small(found: Findings, title: str, column: str, y_label: str, **rest: object) -> str:
    series = [found.losses.series(title.lower(), column)]
    return Chart(
        title=title, x_label="tokens", y_label=y_label, series=series, width=320, height=220, **rest
    ).draw()

"""Say in sentences what a comparison found, whoever won."""

from dataclasses import replace

from alm.twins.comparison import TARGET, Balance, Comparison
from alm.twins.intervals import Interval
from alm.twins.speed import Speed
from alm.twins.variants import ACTIVE, TOTAL

TWIN = {
    ACTIVE: "its dense twin of equal active size",
    TOTAL: "its dense twin of equal total size",
}
BUSY = "not measured: machine busy"


def tell(found: Comparison, speed: Speed | None) -> list[str]:
    """Return the findings, a sentence or two each."""
    return [
        f"After {found.tokens:,} tokens {_tell_gap('the mixture', found.gap, TWIN[ACTIVE])}",
        _tell_gap("The mixture", found.total_gap, TWIN[TOTAL]),
        _tell_recovered(found),
        _tell_target(found),
        _tell_speed(found, speed),
        _tell_balance(found.balance),
    ]


def spell_range(found: Interval, scale: float = 1.0, digits: int = 2) -> str:
    """Write the ends of an interval."""
    if found.low is None or found.high is None:
        return "no interval"
    return f"{scale * found.low:.{digits}f} to {scale * found.high:.{digits}f}"


def spell_mean(found: Interval, digits: int = 4) -> str:
    """Write an estimate with half the width of its interval, where it has one."""
    if found.half_width is None:
        return f"{found.value:.{digits}f}"
    return f"{found.value:.{digits}f} ± {found.half_width:.{digits}f}"


def _tell_gap(who: str, gap: Interval, twin: str) -> str:
    direction = "lower" if gap.value >= 0 else "higher"
    said = f"{who}'s held-out loss is {_spell_size(gap)} nats {direction} than that of {twin}"
    if gap.half_width is None:
        return f"{said}; one seed gives no interval."
    return f"{said}." if gap.sign else f"{said}: no difference is shown."


def _spell_size(found: Interval) -> str:
    return spell_mean(replace(found, value=abs(found.value)))


def _tell_recovered(found: Comparison) -> str:
    if found.recovered is None:
        return (
            f"{TWIN[TOTAL].capitalize()} is not shown to be better than the one of equal active "
            f"size ({spell_mean(found.dense_gap)} nats), so there is no gap to recover."
        )
    share = found.recovered
    return (
        f"The mixture recovers {100 * share.value:.0f} % ({spell_range(share, 100, 0)}) of the "
        f"{spell_mean(found.dense_gap)} nats that {TWIN[TOTAL]} gains over the one of equal active "
        "size."
    )


def _tell_target(found: Comparison) -> str:
    spelt = f"{_spell_size(found.to_spare)} nats"
    goal = (
        f"The target, a loss {100 * TARGET:.0f} % of the way from the dense twin of equal active "
        "size to the one of equal total size,"
    )
    if found.to_spare.sign < 0:
        return f"{goal} is missed by {spelt}."
    if found.to_spare.sign > 0 and found.gap.sign > 0:
        return f"{goal} is reached with {spelt} to spare."
    return f"{goal} is not shown to be reached: {spell_mean(found.to_spare)} nats to spare."


def _tell_speed(found: Comparison, speed: Speed | None) -> str:
    if speed is None:
        return f"Speed {BUSY}."
    ratio, read = speed.ratios[ACTIVE], found.tokens / 1e6
    return (
        f"The mixture trains at {ratio.value:.2f} ({spell_range(ratio)}) of the speed of "
        f"{TWIN[ACTIVE]}, which would read {read / ratio.value:.3g} M tokens in the time of its "
        f"{read:.3g} M; and at {speed.ratios[TOTAL].value:.2f} "
        f"({spell_range(speed.ratios[TOTAL])}) of that of {TWIN[TOTAL]}."
    )


def _tell_balance(found: Balance) -> str:
    return (
        f"MaxVio, by which a layer's busiest expert exceeds the mean load, is "
        f"{found.mean_violation:.2f} in the mean and {found.worst_violation:.2f} at worst; the "
        f"idlest expert has {found.least_load:.2f} of the mean."
    )

"""YaRN: rotary positions stretched to a longer context than a network was trained on.

Dimensions: H width of a head.
"""

import math

from alm.config import RopeScaling

FEW_TURNS = 1  # alpha: components that turn less within the trained context are stretched whole
MANY_TURNS = 32  # beta: those that turn more are left as they are


def stretch(rates: list[float], theta: float, scaling: RopeScaling) -> list[float]:
    """Return the H/2 rates of rotation, slowed down where a turn takes long.

    A component that has turned many times within the trained context tells neighbours apart, and
    keeps its rate. One that has not turned once would meet angles that were never trained: its
    rate is divided by the factor. Between the two a linear ramp leads over.

    Reference:
        Peng et al. 2023 (arXiv:2309.00071), section 3.2 ("NTK-by-parts"), equations 17 to 20,
        alpha 1 and beta 32. There the ramp is linear in the number of turns; here in the
        component's number, between whole components, as in the authors' code and in every program
        that we export to.
    """
    ends = [_component(turns, len(rates), theta, scaling) for turns in (MANY_TURNS, FEW_TURNS)]
    first = max(math.floor(ends[0]), 0)
    last = min(math.ceil(ends[1]), 2 * len(rates) - 1)
    shares = [min(max((i - first) / (last - first or 0.001), 0.0), 1.0) for i in range(len(rates))]
    return [
        rate * (1 - share) + rate / scaling.factor * share
        for rate, share in zip(rates, shares, strict=True)
    ]


def sharpening(scaling: RopeScaling) -> float:
    """Return by what to multiply the scores: ``(0.1 ln s + 1)^2`` for a factor of s.

    Over more keys a softmax spreads out; this brings it back.

    Reference:
        As above, section 3.4, equations 21 and 22. Other programs multiply queries and keys by
        the square root of it, which is the same.
    """
    return (0.1 * math.log(scaling.factor) + 1) ** 2


def _component(turns: float, n_rates: int, theta: float, scaling: RopeScaling) -> float:
    """Return which component turns this often within the trained context, as a fraction."""
    radians = scaling.original_seq_len / (turns * 2 * math.pi)
    return n_rates * math.log(radians) / math.log(theta)

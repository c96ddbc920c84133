"""A mixture of experts beside dense networks of equal size, on the same tokens, win or lose."""

from alm.twins.campaign import Campaign, start_process
from alm.twins.comparison import Comparison, Contestant
from alm.twins.intervals import Interval
from alm.twins.page import render_page
from alm.twins.speed import Speed
from alm.twins.trial import Trial
from alm.twins.variants import Variant, load_variants
from alm.twins.words import tell

__all__ = [
    "Campaign",
    "Comparison",
    "Contestant",
    "Interval",
    "Speed",
    "Trial",
    "Variant",
    "load_variants",
    "render_page",
    "start_process",
    "tell",
]

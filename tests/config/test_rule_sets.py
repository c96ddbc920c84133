"""Rule sets: a recipe may name those that the filter section has, and the one without limits."""

from alm.config import FilterConfig
from alm.config.recipe import RULE_SETS


def test_recipe_and_section_know_the_same_sets():
    assert {*FilterConfig.__dataclass_fields__, "pii"} == set(RULE_SETS)

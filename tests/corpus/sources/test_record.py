"""Sources: one reader for each kind that a recipe may name."""

from typing import get_args

from alm.config import recipe
from alm.corpus.sources import SOURCES


def test_every_kind_of_the_recipe_has_a_reader():
    union = get_args(recipe.SourceConfig)[0]
    kinds = [get_args(each.__dataclass_fields__["kind"].type)[0] for each in get_args(union)]

    assert sorted(kinds) == sorted(SOURCES)

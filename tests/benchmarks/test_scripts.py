"""Every script of the folder loads: what it takes from alm and from its neighbours is there."""

from importlib import import_module
from pathlib import Path

import pytest

SCRIPTS = sorted(path.stem for path in Path(__file__).parents[2].glob("benchmarks/*.py"))


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_loads(name):
    import_module(name)

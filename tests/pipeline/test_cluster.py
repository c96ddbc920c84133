"""A stage in shares, by datatrove's own executor, beside the same stage by ``dvc repro``."""

import shutil

import pytest

from alm.io import sha256_file

pytestmark = pytest.mark.slow

PACKED = "build/corpora/synthetic/packed"
UNIT_BYTES = ("src/alm/work/unit.py", "UNIT_BYTES = 4 * 2**20", "UNIT_BYTES = 2**14")


def digests(folder):
    return {path.name: sha256_file(path) for path in sorted(folder.iterdir())}


def pack(house, tasks, workers):
    options = ("--stage", "pack", "--corpus", "synthetic")
    shares = ("--tasks", str(tasks), "--workers", str(workers))
    return house.run("python", "scripts/cluster.py", *options, *shares)


@pytest.fixture
def house(micro_house, tmp_path):
    """A house whose text is cut into a dozen units, and not packed."""
    house = micro_house.copy(tmp_path / "house")
    house.replace(*UNIT_BYTES)
    shutil.rmtree(house.root / PACKED)
    return house


def test_shares_make_the_bytes_that_dvc_repro_makes_and_dvc_takes_them(micro_house, house):
    output = pack(house, tasks=3, workers=2)

    assert digests(house.root / PACKED) == digests(micro_house.root / PACKED)
    assert not (house.root / f"{PACKED}.parts").exists()
    *_, command = output.strip().rpartition(": ")
    assert command == ".venv/bin/dvc commit --force pack@synthetic"
    house.run(*command.split())
    assert "up to date" in house.run("dvc", "status", "pack@synthetic")


def test_log_of_tasks_whose_parts_are_gone_does_no_harm(micro_house, house):
    """As after a change of parameters in the middle."""
    completions = house.root / ".state/cluster/pack@synthetic/of-2/completions"
    completions.mkdir(parents=True)
    (completions / "00001").touch()

    output = pack(house, tasks=2, workers=1)

    assert "doing those again" in output
    assert digests(house.root / PACKED) == digests(micro_house.root / PACKED)

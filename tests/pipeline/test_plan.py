"""A plan of what is built: what each stage took here, and nothing that Git would see changes."""

import pytest

pytestmark = pytest.mark.slow


def test_a_plan_tells_what_each_stage_took_and_leaves_no_trace(built_house, tmp_path):
    house = built_house.copy(tmp_path / "house")
    before = house.run("git", "status", "--porcelain", "--untracked-files=all")

    said = house.run("make", "plan", "PRESET=tiny").splitlines()

    start = next(i for i, line in enumerate(said) if line.startswith("stage ")) + 1
    known = {line.split()[0]: line for line in said[start : start + 11]}
    for stage in known.keys() - {"pretrain"}:
        assert known[stage].endswith("its last run here")
    assert known["pretrain"].endswith("time as measured here, memory the probe")
    probe = "probe    2 of 2 layers, rows of 64 tokens by 4, on cpu in float32; "
    assert any(line.startswith(probe) for line in said)
    assert house.run("git", "status", "--porcelain", "--untracked-files=all") == before

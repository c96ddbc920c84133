"""The same bytes from a clean clone in another place, where all is varied that may not matter."""

import pytest

from alm.project.lockfile import read_lock

pytestmark = [pytest.mark.slow, pytest.mark.nightly]

VERIFY = ("make", "verify", "PRESET=tiny")


def test_a_build_elsewhere_gives_the_same_bytes(committed_house):
    n_stages = len(read_lock(committed_house.root))

    assert f"of {n_stages} stages are the same bytes" in committed_house.run(*VERIFY)


def test_a_stage_that_knows_its_place_is_found_with_the_step_and_the_tensors(
    committed_house, tmp_path
):
    house = committed_house.copy(tmp_path / "house")
    leak = 'seed += "clone" in str(__import__("pathlib").Path.cwd())\n    '
    house.replace("src/alm/model/init.py", "digest = ", f"{leak}digest = ")
    house.repro("report@tiny")
    house.commit()

    with house.start(*VERIFY, TMPDIR=str(tmp_path)) as process:
        output = process.communicate()[0]

    assert process.returncode == 2
    assert "the first stage with another result is pretrain@tiny" in output
    assert "first after the start, at step 5: loss " in output
    assert "tensors differ, by name:" in output

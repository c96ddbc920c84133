from importlib.metadata import version

from alm.project.finding import Verdict
from alm.project.packages import check_packages, read_constraints


def write(root, *lines):
    (root / "constraints.txt").write_text("\n".join(lines) + "\n")


def test_what_is_installed_as_named_is_well(tmp_path):
    write(tmp_path, f"numpy=={version('numpy')}")

    assert check_packages(tmp_path).verdict is Verdict.OK


def test_another_version_is_named_with_both_and_a_cure(tmp_path):
    write(tmp_path, "numpy==0.1")

    finding = check_packages(tmp_path)

    assert finding.verdict is Verdict.PROBLEM
    assert f"numpy {version('numpy')} instead of 0.1" in finding.says
    assert "make setup" in finding.cure


def test_a_build_for_one_device_counts_as_the_version_it_is(tmp_path):
    write(tmp_path, f"torch=={version('torch').partition('+')[0]}")

    assert check_packages(tmp_path).verdict is Verdict.OK


def test_a_package_that_this_system_does_not_need_is_no_problem(tmp_path):
    write(tmp_path, "colourless-green-ideas==1.0")

    assert check_packages(tmp_path).verdict is Verdict.OK


def test_comments_and_blank_lines_are_no_constraints(tmp_path):
    write(tmp_path, "# all of it", "", "a==1  # why", "b>=2")

    assert read_constraints(tmp_path / "constraints.txt") == {"a": "1"}

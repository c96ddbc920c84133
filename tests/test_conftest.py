"""The watch over skipped tests, tried on small suites."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parent / "conftest.py"
HARMLESS = """
import pytest
def test_passes(): pass
@pytest.mark.gpu
def test_needs_cuda(): pytest.skip("no CUDA")
@pytest.mark.xfail
def test_is_known_to_fail(): assert False
"""
SILENT = """
import pytest
def test_skips_itself(): pytest.skip("no reason")
@pytest.mark.skip
def test_is_skipped(): pass
"""
MISSING = "import pytest\npytest.importorskip('no_such_module')\n"


@pytest.fixture
def run_in_ci(tmp_path):
    """Run test files beside a copy of our conftest; return the exit code and the last lines."""

    def run(**sources):
        shutil.copy(CONFTEST, tmp_path / "conftest.py")
        (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    gpu: needs CUDA\n")
        for name, source in sources.items():
            (tmp_path / f"test_{name}.py").write_text(source)
        environment = {**os.environ, "CI": "true", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        command = [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout

    return run


def test_skipped_tests_fail_ci_and_are_named(run_in_ci):
    code, output = run_in_ci(harmless=HARMLESS, silent=SILENT, missing=MISSING)

    named = "test_missing.py, test_silent.py::test_skips_itself, test_silent.py::test_is_skipped"
    assert code == 1
    assert f"only tests marked gpu may be skipped, but these were: {named}\n" in output


def test_tests_that_need_a_gpu_may_be_skipped_in_ci(run_in_ci):
    assert run_in_ci(harmless=HARMLESS)[0] == 0

"""What every test runs under: one thread, no settings of the user's, repeatable examples."""

import os
import signal
import sys
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before anything imports torch
for _name in [name for name in os.environ if name.startswith("ALM_")]:
    del os.environ[_name]

import hypothesis  # noqa: E402
import pytest  # noqa: E402
from hypothesis.configuration import set_hypothesis_home_dir  # noqa: E402

set_hypothesis_home_dir(Path(__file__).parents[1] / ".pytest_cache" / "hypothesis")
hypothesis.settings.register_profile(
    "house",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],  # a loaded machine is no finding
)
hypothesis.settings.load_profile("house")

SKIPPED = pytest.StashKey[list[str]]()


def pytest_configure(config):
    config.stash[SKIPPED] = []
    config.pluginmanager.register(SkipWatch(config.stash[SKIPPED]))


def pytest_runtest_setup():
    """Keep torch on one thread, also after a test that pinned numerics of its own."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)


def pytest_sessionfinish(session, exitstatus):
    """In CI a skipped test is a failed one: nobody would ever see that it stopped running."""
    if os.environ.get("CI") and session.config.stash[SKIPPED] and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    if os.environ.get("CI") and (skipped := config.stash[SKIPPED]):
        names = ", ".join(skipped)
        terminalreporter.write_line(
            f"CI fails: only tests marked gpu may be skipped, but these were: {names}", red=True
        )


class SkipWatch:
    """Notes every skipped test, module or folder that is not marked ``gpu``."""

    def __init__(self, skipped):
        self.skipped = skipped

    def pytest_runtest_logreport(self, report):
        expected_to_fail = hasattr(report, "wasxfail")
        if report.skipped and not expected_to_fail and "gpu" not in report.keywords:
            self.skipped.append(report.nodeid)

    def pytest_collectreport(self, report):
        if report.skipped:
            self.skipped.append(report.nodeid)


@pytest.fixture
def signals_fail_the_test():
    """Let a signal that nobody takes fail a test, not end all tests."""

    def refuse(number, frame):
        raise AssertionError(f"nobody took the {signal.Signals(number).name}")

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
    before = {number: signal.signal(number, refuse) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)

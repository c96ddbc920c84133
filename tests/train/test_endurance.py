"""A long run holds no more memory, files and threads at its end than soon after its start."""

import gc
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

pytestmark = pytest.mark.nightly

STEPS, SAVES, VALIDATIONS = 20_000, 200, 100
WARM_UP = 4_000
MIB_PER_1000_STEPS = 1.0
PAGE = os.sysconf("SC_PAGE_SIZE")


def holdings():
    """Return resident MiB, open files and threads of this process."""
    gc.collect()
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 2**20
    return resident, len(list(Path("/proc/self/fd").iterdir())), threading.active_count()


def test_twenty_thousand_steps_leak_nothing(build, config):
    config = replace(
        config,
        save_every=STEPS // SAVES,
        validate_every=STEPS // VALIDATIONS,
        log_every=STEPS // VALIDATIONS,
        spike_deviations=6.0,
    )
    trainer = build(steps=STEPS, config=config)
    seen = {}
    step = trainer.step

    def step_and_look():
        if trainer.progress.step in (WARM_UP, STEPS - 1):
            seen[trainer.progress.step] = holdings()
        return step()

    trainer.step = step_and_look
    trainer.fit()

    (resident, files, threads), (resident_last, files_last, threads_last) = seen.values()
    grown = (resident_last - resident) / (STEPS - WARM_UP) * 1000
    assert grown <= MIB_PER_1000_STEPS
    assert (files_last, threads_last) == (files, threads)
    assert trainer.progress.step == STEPS
    assert len(trainer.table.rows) == VALIDATIONS

"""Run a whole step here: its units on a pool of processes, then the merge."""

import os
import signal
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from alm.attended import leave_with
from alm.config import Machine, available_cores
from alm.errors import AlmError
from alm.io import Manifest, hold_lock
from alm.work.parts import PartStore
from alm.work.step import Step
from alm.work.unit import Unit

WORTH_A_POOL = 6  # units; for fewer, starting processes takes longer than they save
WINDOW = 2  # units handed out per process: the next one waits while one is worked on


def count_workers() -> int:
    """Return how many processes work: ``ALM_WORKERS``, or the cores this process may use."""
    return Machine.load().workers or available_cores()


def run_step(step: Step, out: Path, workers: int) -> Manifest:
    """Do the units that have no part yet, merge all of them into ``out``, return its manifest.

    A few units, or one worker, need no pool and are done in this process. After a kill the parts
    that were whole are found again, as long as nothing that decides them has changed.

    Args:
        step: what to do.
        out: directory to write.
        workers: processes at most; the result does not depend on it.

    Raises:
        LockedError: another process works on the same output.
        AlmError: whatever the step raises, in a worker or in the merge; or a worker was killed.
    """
    store = PartStore(step, out)
    with hold_lock(store.path):
        store.open()
        todo = store.missing()
        if workers > 1 and len(todo) >= WORTH_A_POOL:
            _work_in_pool(store, todo, min(workers, len(todo)))
        else:
            for unit in todo:
                store.make(unit)
        return store.merge()


def _work_in_pool(store: PartStore, todo: list[Unit], workers: int) -> None:
    # Fresh processes on every system: a forked one would inherit threads and locks.
    pool = ProcessPoolExecutor(
        workers, get_context("spawn"), initializer=_begin, initargs=(os.getpid(),)
    )
    try:
        _hand_out(pool, store, todo, workers * WINDOW)
    except BrokenProcessPool:
        raise AlmError(
            f"{store.path}: expected {workers} processes to work to the end, found one of them "
            "killed, perhaps for want of memory; run the same command again, which goes on with "
            "the parts that are done, or set ALM_WORKERS lower"
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(parent: int) -> None:
    """Prepare a worker: Ctrl-C is its parent's matter, and without a parent it is no use."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    leave_with(parent)


def _hand_out(pool: ProcessPoolExecutor, store: PartStore, todo: list[Unit], window: int) -> None:
    """Keep a bounded number of units under way; stop at the first error."""
    waiting = iter(todo)
    running: set[Future[None]] = {pool.submit(store.make, unit) for unit in islice(waiting, window)}
    while running:
        done, running = wait(running, return_when=FIRST_COMPLETED)
        _raise_first(done)
        running |= {pool.submit(store.make, unit) for unit in islice(waiting, len(done))}


def _raise_first(done: Iterable[Future[None]]) -> None:
    for future in done:
        future.result()

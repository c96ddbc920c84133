"""Run a stage that ends when the process that started it does.

A killed ``dvc`` cannot tell its stage. Left alone, the stage would go on beside the one that the
next ``make`` starts, and the two would write to one place. Training has more to lose and saves
first (``alm.runtime.StopRequest``); every other stage leaves at once, since its outputs appear by
one rename at the end. ``exec`` in ``dvc.yaml`` makes a stage DVC's own child.
"""

import os
import signal
import threading
import time
from argparse import Namespace
from collections.abc import Callable
from typing import NoReturn

from alm import entry
from alm.footprint import noting

POLL_SECONDS = 0.1
PARENT = os.getppid()  # noted now: a stage's own modules take seconds to load


def run(main: Callable[..., None], args: Namespace) -> NoReturn:
    """Call ``main`` as ``alm.entry.run`` does, for as long as the parent lives; note its cost."""
    leave_with(PARENT)
    entry.run(noting(main), args)


def leave_with(parent: int) -> None:
    """End this process as soon as it is no longer a child of ``parent``."""
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    os._exit(128 + signal.SIGTERM)

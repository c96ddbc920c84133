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

POLL_SECONDS = 0.1


def run(main: Callable[..., None], args: Namespace) -> NoReturn:
    """Call ``main`` as ``alm.entry.run`` does, for as long as the parent lives."""
    threading.Thread(target=_leave_with, args=(os.getppid(),), daemon=True).start()
    entry.run(main, args)


def _leave_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    os._exit(128 + signal.SIGTERM)

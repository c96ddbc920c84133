"""Notice that a run should end, and let it end where nothing is lost.

A signal, or the death of the process that started us, only raises a flag; the training loop looks
at the flag between steps, saves, and leaves. A second signal ends the process at once, and the
first one ends a forked child, which has nothing to save.
"""

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

from alm.errors import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)  # the last one is what schedulers send
POLL_SECONDS = 0.2  # between looks at the parent
PARENT = os.getppid()  # noted now: torch takes seconds to load, and the parent may die meanwhile


class StopRequest:
    """A flag that SIGINT, SIGTERM, SIGUSR1 and the parent's death raise.

    A killed ``dvc`` leaves its stage alive (it has no way to tell it), so the stage watches its
    parent, as it was when this module was imported. Use it as a context manager: handlers are put
    back at the end.

    Args:
        on_request: called once, from a signal handler or the watching thread.
    """

    def __init__(self, on_request: Callable[[], None] = lambda: None) -> None:
        self.signal: int | None = None
        self._on_request = on_request
        self._owner = os.getpid()
        self._closed = threading.Event()
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        """Install the handlers and start watching."""
        self._before = {number: signal.signal(number, self._handle) for number in SIGNALS}
        threading.Thread(target=self._watch_parent, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Put the former handlers back."""
        self._closed.set()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def raise_if_requested(self, where: str) -> None:
        """End the run if asked to.

        Raises:
            Interrupted: with ``where`` in its message; 130, 138 or 143 as its exit code.
        """
        if self.signal is not None:
            name = signal.Signals(self.signal).name
            raise Interrupted(self.signal, f"{name}: {where}; the same command goes on from there")

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        asked_twice = self.signal is not None  # somebody is in a hurry
        if asked_twice or os.getpid() != self._owner:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self._request(number)

    def _watch_parent(self) -> None:
        while not self._closed.wait(POLL_SECONDS):
            if os.getppid() != PARENT and self.signal is None:
                self._request(signal.SIGTERM)

    def _request(self, number: int) -> None:
        self.signal = number
        self._on_request()

"""A contender's own end of the pipe."""

import json
import os
import sys
import time
from typing import Any

import torch

from alm.runtime.memory import peak_bytes


class Turn:
    """Waits until told to go, times the step that follows, and answers.

    Args:
        device: where the steps run.
        **facts: what is to be said before the first one.
    """

    def __init__(self, device: str, **facts: Any) -> None:  # noqa: ANN401
        self._device = device
        self._answers = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)  # what libraries print must not get between the answers
        place = {"device": device_name(device), "threads": torch.get_num_threads()}
        self._answer = {**facts, **place}
        self._started: float | None = None

    def next(self, **said: Any) -> None:  # noqa: ANN401
        """End the step in progress, if there is one, answer, and wait for the next turn.

        Raises:
            SystemExit: there is none.
        """
        if self._started is not None:
            synchronize(self._device)
            self._answer = {"seconds": time.perf_counter() - self._started, **said}
        self._say(self._answer)
        if sys.stdin.readline() != "go\n":
            self._say({"peak": peak_bytes(self._device)})
            raise SystemExit
        self._started = time.perf_counter()

    def _say(self, answer: dict[str, Any]) -> None:
        print(json.dumps(answer), file=self._answers, flush=True)


def synchronize(device: str) -> None:
    """Wait until a device has done all it was given."""
    if device != "cpu":
        getattr(torch, device).synchronize()


def device_name(device: str) -> str:
    """Return what a device is called."""
    return torch.cuda.get_device_name() if device == "cuda" else device

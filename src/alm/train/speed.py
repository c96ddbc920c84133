"""How fast a run goes: from the clock, so nothing of it is saved or tracked."""

import time
from collections import deque
from collections.abc import Callable

RECENT_STEPS = 32


class Speed:
    """Tokens per second of one process' share of a run.

    Args:
        tokens_per_step: that each step trains on.
        peak_flops: FLOP/s that the device does at most; None where that is not known.
        clock: seconds, from any start.
    """

    def __init__(
        self,
        tokens_per_step: int,
        peak_flops: float | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tokens_per_step = tokens_per_step
        self._peak_flops = peak_flops
        self._clock = clock
        self.start()

    def start(self) -> None:
        """Begin to count, now."""
        self._steps, self._started = 0, self._clock()
        self._recent = deque([self._started], maxlen=RECENT_STEPS + 1)
        self._flops = deque([], maxlen=RECENT_STEPS)

    def count_step(self, flops_per_token: float) -> None:
        """Take note that a step is done, and of the operations that one of its tokens took."""
        self._flops.append(flops_per_token)
        self._steps += 1
        self._recent.append(self._clock())

    @property
    def overall(self) -> float | None:
        """Tokens per second since the start, saving and validation included; None before a step."""
        return self._rate(self._steps, self._clock() - self._started)

    @property
    def recent(self) -> float | None:
        """Tokens per second over the last 32 steps, saving and validation included; None before."""
        return self._rate(len(self._recent) - 1, self._recent[-1] - self._recent[0])

    @property
    def mfu(self) -> float | None:
        """Model FLOP utilisation over the last 32 steps: their operations over the device's peak.

        Operations that are done twice to save memory count once; those of validation do not count,
        though its time does.

        Reference:
            Chowdhery et al. 2022 (arXiv:2204.02311), section 4.1 and appendix B.
        """
        if self._peak_flops is None or self.recent is None:
            return None
        return self.recent * sum(self._flops) / len(self._flops) / self._peak_flops

    def _rate(self, steps: int, seconds: float) -> float | None:
        return steps * self._tokens_per_step / seconds if steps and seconds > 0 else None

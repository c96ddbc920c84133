"""How often something held, and how sure that is."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

Z = 1.959963984540054  # of the standard normal distribution, 2.5 % lies above it


@dataclass(frozen=True)
class Proportion:
    """So many cases out of all; each one tells something about the rest."""

    held: int
    n: int

    @classmethod
    def of(cls, cases: Iterable[bool]) -> Self:
        """Count the cases that hold."""
        flags = list(cases)
        return cls(sum(flags), len(flags))

    @property
    def value(self) -> float | None:
        """The share; None of no cases."""
        return self.held / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval; None of no cases.

        It stays within [0, 1] and is honest about none and all of a few cases, where the usual one
        (the share plus or minus two standard errors) has no width.

        Reference:
            Wilson 1927 (Journal of the American Statistical Association 22, pages 209 to 212).
        """
        if not self.n:
            return None
        share, spread = self.held / self.n, Z * Z / self.n
        centre = share + spread / 2
        reach = Z * math.sqrt((share * (1 - share) + spread / 4) / self.n)
        low, high = ((centre + side * reach) / (1 + spread) for side in (-1, 1))
        return low if self.held else 0.0, high if self.held < self.n else 1.0

    def as_dict(self) -> dict[str, Any]:
        """Return the share, and how sure it is; how many cases there are stands beside it."""
        return {"value": self.value, "interval": self.interval}

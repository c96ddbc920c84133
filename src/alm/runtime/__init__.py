"""The machine under the model: numerics, signals, console, TensorBoard.

Importing this package does not import torch: :func:`pin_numerics` must come first.
"""

from alm.runtime.numerics import Numerics, pin_numerics
from alm.runtime.stop import StopRequest

__all__ = ["Numerics", "StopRequest", "pin_numerics"]

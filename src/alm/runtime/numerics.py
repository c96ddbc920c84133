"""Decide, before torch is imported, which bits a run will produce; and write down the decision.

``portable`` asks for the same bytes on any x86-64 CPU: one thread, the baseline instruction set in
torch's own kernels, MKL's compatible branch, float32, nothing compiled. ``native`` takes the device
and the precision that the machine is good at, from its flags and never from timing, so that two
runs on one machine agree; across machines they agree within a metric's tolerance only.
"""

import os
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from typing import Any

from alm.config import Machine, RuntimeConfig, available_cores
from alm.errors import ConfigError

PORTABLE_PINS = {
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_CBWR": "COMPATIBLE",
    "MKL_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
# Variables that steer CPU libraries: whoever has one set must not get another model for it.
STEERING = ("ATEN_", "DNNL_", "GOMP_", "KMP_", "MKL_", "OMP_", "ONEDNN_", "OPENBLAS_", "TORCH_")


@dataclass(frozen=True, kw_only=True)
class Numerics:
    """What the bits of a run depend on besides its inputs, parameters and code."""

    mode: str
    device: str
    precision: str
    """``float32``, or ``bfloat16``: matrix products in bfloat16 under autocast."""
    threads: int
    """CPU threads; 0 where the device does the work."""
    cpu_capability: str
    """Instruction set of torch's CPU kernels; empty where the device does the work."""
    torch: str

    def autocast(self) -> AbstractContextManager[Any]:
        """Return the context in which forward passes run."""
        if self.precision == "float32":
            return nullcontext()
        import torch

        return torch.autocast(self.device, dtype=torch.bfloat16)

    def as_dict(self) -> dict[str, Any]:
        """Return the decision as plain data, for a fingerprint or a manifest."""
        return asdict(self)


def pin_numerics(config: RuntimeConfig) -> Numerics:
    """Set what must be set before torch loads, load it, and return what was decided.

    Raises:
        ConfigError: the environment's ``ALM_*`` variables cannot be used.
        RuntimeError: torch was imported before, so that the pins could not act.
    """
    machine = Machine.load()
    if config.numerics == "portable":
        _pin_environment()
        return _portable()
    return _native(machine)


def _pin_environment() -> None:
    if "torch" in sys.modules:
        raise RuntimeError("pin_numerics must run before torch is imported")
    for name in [name for name in os.environ if name.startswith(STEERING)]:
        del os.environ[name]
    os.environ.update(PORTABLE_PINS)


def _portable() -> Numerics:
    import torch

    torch.set_num_threads(1)
    torch.backends.mkldnn.enabled = False  # its kernels choose by CPU, whatever ATen was told
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # nothing of ours is read unwritten
    return Numerics(
        mode="portable",
        device="cpu",
        precision="float32",
        threads=1,
        cpu_capability=torch.backends.cpu.get_cpu_capability(),
        torch=torch.__version__,
    )


def _native(machine: Machine) -> Numerics:
    import torch

    device = _choose_device(machine)
    threads = machine.threads or available_cores()
    torch.set_num_threads(threads)
    on_cpu = device == "cpu"
    return Numerics(
        mode="native",
        device=device,
        precision=_choose_precision(device),
        threads=threads if on_cpu else 0,
        cpu_capability=torch.backends.cpu.get_cpu_capability() if on_cpu else "",
        torch=torch.__version__,
    )


def _choose_device(machine: Machine) -> str:
    import torch

    usable = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.mps.is_available()}
    if machine.device == "auto":
        return next(name for name in ("cuda", "mps", "cpu") if usable[name])
    if not usable[machine.device]:
        found = ", ".join(name for name, there in usable.items() if there)
        raise ConfigError(f"ALM_DEVICE={machine.device}: torch sees only {found} here; choose that")
    return machine.device


def _choose_precision(device: str) -> str:
    """Use bfloat16 where there are instructions for it: elsewhere it is slower than float32."""
    import torch

    fast = {
        "cuda": lambda: torch.cuda.is_bf16_supported(including_emulation=False),
        "cpu": lambda: torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported(),
        "mps": lambda: False,
    }
    return "bfloat16" if fast[device]() else "float32"

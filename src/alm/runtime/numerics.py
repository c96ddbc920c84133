"""Decide, before torch is imported, which bits a run will produce; and write down the decision.

``portable`` asks for the same bytes on any x86-64 CPU: one thread, the baseline instruction set in
torch's own kernels, MKL's compatible branch, float32, nothing compiled. ``native`` takes the device
and the precision that the machine is good at, from its flags and never from timing, so that two
runs on one machine agree; across machines they agree within a metric's tolerance only. Whether a
long run compiles its kernels is decided from the arithmetic that it has to do.
"""

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from alm.config import Machine, RuntimeConfig, available_cores
from alm.errors import ConfigError

PORTABLE_PINS = {
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_CBWR": "COMPATIBLE",
    "MKL_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
# Variables that steer CPU libraries: whoever has one set must not get another model for it.
ONEDNN_KNOBS = ("CPU_ISA_HINTS", "DEFAULT_FPMATH_MODE", "MAX_CPU_ISA")
STEERING = ("ATEN_", "DNNL_", "GOMP_", "KMP_", "MKL_", "OMP_", "ONEDNN_", "OPENBLAS_", "TORCH_")
# Those of them that change bits of a native run. It may want them, so they are kept, and told.
STEERING_NATIVE = (
    *(f"{library}_{knob}" for library in ("DNNL", "ONEDNN") for knob in ONEDNN_KNOBS),
    "CUBLAS_WORKSPACE_CONFIG",
    "MKL_CBWR",
    "MKL_ENABLE_INSTRUCTIONS",
    "NVIDIA_TF32_OVERRIDE",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
)
# Training FLOP from which compiling saves several times the minute that it may take: hours on two
# CPU cores, where kernels are a twentieth of a step, and a quarter of an hour on a large GPU. Never
# on MPS, where compiled backward passes have been wrong (pytorch#125254, #161905).
WORTH_COMPILING = {"cpu": 1e15, "cuda": 5e16}


@dataclass(frozen=True, kw_only=True)
class Numerics:
    """What the bits of a run depend on besides its inputs, parameters and code."""

    mode: str
    device: str
    precision: str
    """``float32``; or ``bfloat16`` or ``float16``: matrix products in it under autocast.

    Gradients in float16 are too small for it without a loss scaler."""
    threads: int
    """CPU threads; 0 where the device does the work."""
    cpu_capability: str
    """Instruction set of torch's CPU kernels; empty where the device does the work."""
    torch: str
    steering: str = ""
    """Variables of the environment that steer its libraries: ``name=value``, with spaces between.

    Mostly there is none; nothing is written of it then."""
    compiled: bool = False
    """Elementwise work runs compiled: as exact, rounded elsewhere. Only training ever does."""

    def autocast(self) -> AbstractContextManager[Any]:
        """Return the context in which forward passes run: it tells activations their dtype.

        Our layers ask for it and cast for themselves, each weight once (``alm.model.precision``).
        """
        if self.precision == "float32":
            return nullcontext()
        import torch

        return torch.autocast(self.device, dtype=getattr(torch, self.precision))

    def compile_if_worthwhile(
        self,
        config: RuntimeConfig,
        n_flops: float,
        find_failure: Callable[[], str | None],
        say: Callable[[str], None],
    ) -> Self:
        """Decide whether a run of ``n_flops`` is compiled; say so where it should be and cannot.

        Args:
            config: may forbid it.
            n_flops: arithmetic of the whole run, however often it is interrupted.
            find_failure: compiles everything once, and returns why that does not work.
            say: told why a long run is not compiled.
        """
        if not self._is_worth_compiling(config, n_flops):
            return self
        if failure := _find_missing_compiler(self.device) or find_failure():
            say(f"runs uncompiled, and so slower: {failure}")
            return self
        return replace(self, compiled=True)

    def _is_worth_compiling(self, config: RuntimeConfig, n_flops: float) -> bool:
        if self.mode != "native" or config.compile == "never":
            return False
        return n_flops >= WORTH_COMPILING.get(self.device, float("inf"))

    def as_dict(self) -> dict[str, Any]:
        """Return the decision as plain data, for a fingerprint or a manifest."""
        return {name: value for name, value in asdict(self).items() if value or name != "steering"}


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
        steering=" ".join(f"{n}={os.environ[n]}" for n in STEERING_NATIVE if os.environ.get(n)),
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
    """Use bfloat16 where there are instructions for it: elsewhere it is slower than float32.

    A Mac's GPU has float16 on every macOS, and bfloat16 since 14.
    """
    import torch

    fast = {
        "cuda": lambda: torch.cuda.is_bf16_supported(including_emulation=False),
        "cpu": lambda: torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported(),
        "mps": lambda: torch.backends.mps.is_macos_or_newer(14, 0),
    }
    if fast[device]():
        return "bfloat16"
    return "float16" if device == "mps" else "float32"


def _find_missing_compiler(device: str) -> str | None:
    """Return what torch would need to compile for ``device`` and this machine has not."""
    if device == "cuda":
        return None if importlib.util.find_spec("triton") else "Triton is not installed"
    name = os.environ.get("CXX") or ("clang++" if sys.platform == "darwin" else "g++")
    return None if shutil.which(name) else f"there is no C++ compiler {name}"

"""What torch sees of this machine: the CPU and its instruction sets, MPS, CUDA."""

import platform
import subprocess
import sys
from pathlib import Path

import torch

from alm.config import RuntimeConfig, available_cores
from alm.project.cost import cpu_flags
from alm.runtime import pin_numerics

TOLD_FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "amx_int8", "asimd", "bf16", "sve")
GIB = 2**30


def describe_devices() -> str:
    """Return one line per device, and one for what training will use."""
    return "\n".join([_cpu(), *_cuda(), _mps(), _choice()])


def describe_choice() -> str:
    """Return what ``numerics: native`` comes to here.

    Raises:
        ConfigError: ``ALM_DEVICE`` asks for a device that torch does not see.
    """
    chosen = pin_numerics(RuntimeConfig(numerics="native", compile="never"))
    threads = f", {chosen.threads} threads" if chosen.device == "cpu" else ""
    return f"{chosen.device}, {chosen.precision}{threads}"


def _cpu() -> str:
    flags = [flag for flag in TOLD_FLAGS if flag in cpu_flags()]
    told = f", flags {' '.join(flags)}" if flags else ""
    capability = torch.backends.cpu.get_cpu_capability()
    return f"cpu     {_cpu_name()}, {available_cores()} cores{told}; torch's kernels: {capability}"


def _cuda() -> list[str]:
    if not torch.cuda.is_available():
        built = torch.version.cuda or torch.version.hip
        why = "torch sees no GPU" if built else "this torch was built without it"
        return [f"cuda    none: {why}"]
    return [_gpu(index) for index in range(torch.cuda.device_count())]


def _gpu(index: int) -> str:
    facts = torch.cuda.get_device_properties(index)
    bf16 = "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "no bfloat16"
    return f"cuda:{index}  {facts.name}, {facts.total_memory / GIB:.1f} GiB, {bf16}"


def _mps() -> str:
    if torch.backends.mps.is_available():
        return "mps     available"
    why = "this macOS or Mac has none" if sys.platform == "darwin" else "this is no Mac"
    return f"mps     none: {why}"


def _choice() -> str:
    return (
        f"chosen  {describe_choice()} under `numerics: native` (ALM_DEVICE and ALM_THREADS change "
        "it); `portable` is one CPU thread in float32 everywhere"
    )


def _cpu_name() -> str:
    """Return what the CPU calls itself."""
    if sys.platform == "darwin":
        ask = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(ask, check=False, capture_output=True, text=True).stdout.strip()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()

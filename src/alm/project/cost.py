"""What a preset costs: parameters, arithmetic, memory on disk, hours; without loading torch.

``alm.model.size`` counts a network that exists; here the same numbers come from its shape alone,
because `make plan` and the question before an expensive build must answer at once. A test holds
the two against each other.

Letters: D, F, H, N, G, E, K, V, T as in ``alm.model``.
"""

import math
import platform
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from alm.config import Machine, ModelConfig, Params, available_cores
from alm.errors import IntegrityError
from alm.io import canonical_json, read_json

TIMINGS = "timings.json"  # written by pretrain into the preset's state directory
CURRENT = "current.json"  # likewise: which run in there is the last
BYTES_PER_FLOAT = 4
MEASURED = "as measured here"


@dataclass(frozen=True, kw_only=True)
class Size:
    """Parameters of a network."""

    total: int
    active: int
    """Those that one token passes through."""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Training speed, and how it is known."""

    tokens_per_second: float
    basis: str


def count_parameters(config: ModelConfig) -> Size:
    """Count the parameters of a shape; rows beyond the tokenizer's vocabulary are there, unused."""
    D, moe = config.d_model, config.moe
    expert = 3 * D * moe.d_expert if moe else 0
    n_mixed = config.n_layers - moe.n_dense_layers if moe else 0
    embeddings = (1 if config.tied_embeddings else 2) * config.vocab_size * D
    always = embeddings + _layers(config) + D  # and the last norm
    experts, chosen = (moe.n_experts, moe.n_experts_per_token) if moe else (0, 0)
    return Size(
        total=always + n_mixed * experts * expert, active=always + n_mixed * chosen * expert
    )


def flops_per_token(config: ModelConfig, n_vocab: int, seq_len: int) -> float:
    """Return the arithmetic of training on one token, forward and backward.

    Reference:
        As ``alm.model.size``: 6 per weight of a matrix that is multiplied, and the causal half of
        attention's products.
    """
    embeddings = (1 if config.tied_embeddings else 2) * config.vocab_size * config.d_model
    norms = config.n_layers * _norms(config) + config.d_model
    multiplied = count_parameters(config).active - embeddings - norms + n_vocab * config.d_model
    products = config.n_heads * config.d_head * _tokens_seen(config, seq_len)
    return 6.0 * (multiplied + products)


def _tokens_seen(config: ModelConfig, seq_len: int) -> int:
    """Return twice the tokens that a token sees on average, over all layers."""
    widths = [config.window_of(layer) or seq_len for layer in range(config.n_layers)]
    return sum((2 * w * seq_len - w * w) // seq_len for w in (min(w, seq_len) for w in widths))


def _norms(config: ModelConfig) -> int:
    """Count the norms of a layer: before each of its halves; of queries, of keys."""
    return 2 * config.d_model + 2 * config.d_head


def _layers(config: ModelConfig) -> int:
    """Count what every token passes through in the layers: all but the routed experts."""
    D, moe = config.d_model, config.moe
    attention = 2 * (config.n_heads + config.n_kv_heads) * D * config.d_head
    n_dense = moe.n_dense_layers if moe else config.n_layers
    shared = moe.n_shared_experts * 3 * D * moe.d_expert + moe.n_experts * D if moe else 0
    mixed = (config.n_layers - n_dense) * shared  # with the router
    return config.n_layers * (attention + _norms(config)) + n_dense * 3 * D * config.d_ff + mixed


def training_rate(preset: str, params: Params, n_vocab: int, machine: Machine) -> Rate:
    """Return this machine's speed on a preset: as measured by its last run, or else assumed."""
    if speed := _measured_speed(machine, preset, params):
        return Rate(tokens_per_second=speed, basis=MEASURED)
    flops = flops_per_token(params.model, n_vocab, params.data.seq_len)
    assumed, basis = _assumed_speed(params.runtime.numerics, machine)
    return Rate(tokens_per_second=assumed / flops, basis=f"assuming {basis}")


def _measured_speed(machine: Machine, preset: str, params: Params) -> float | None:
    """Return the speed of a preset's last run, if that was of the same shape and as hard at work.

    None too where its files are gone or damaged: an estimate stops nothing.
    """
    states = machine.state_dir / preset
    asked = [asdict(params.model), machine.effort(params.runtime.numerics)]
    try:
        spec = read_json(states / read_json(states / CURRENT)["run"] / "config.json")
        timings = read_json(states / TIMINGS)
        speed = float(timings["tokens_per_second"])
        is_same = canonical_json([spec["model"], timings["effort"]]) == canonical_json(asked)
    except (IntegrityError, KeyError, TypeError, ValueError, OverflowError):
        return None
    return speed if is_same and speed > 0 else None


def training_seconds(tokens: int, rate: Rate) -> float:
    """Return how long training on ``tokens`` takes at ``rate``."""
    return tokens / rate.tokens_per_second


def _assumed_speed(numerics: str, machine: Machine) -> tuple[float, str]:
    """Guess useful operations per second: what small networks reach, far below any data sheet."""
    if numerics == "portable":
        return 2.0e10, "20 GFLOP/s: one thread, baseline instructions"
    if machine.device in {"auto", "cuda"} and shutil.which("nvidia-smi"):
        return 5e13, "50 TFLOP/s on the GPU"
    if machine.device in {"auto", "mps"} and (sys.platform, platform.machine()) == (
        "darwin",
        "arm64",
    ):
        return 1e12, "1 TFLOP/s on the Mac's GPU"
    return _assumed_cpu_speed(machine.threads or available_cores())


def _assumed_cpu_speed(cores: int) -> tuple[float, str]:
    flags = cpu_flags()
    known = {"amx_tile": 190, "avx512_bf16": 110, "avx512f": 50, "avx2": 25}
    name, gigaflops = next(((n, g) for n, g in known.items() if n in flags), ("plain", 15))
    return 1e9 * gigaflops * cores, f"{gigaflops} GFLOP/s on each of {cores} cores ({name})"


def cpu_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """Return the CPU's instruction sets as Linux names them; empty where it cannot be asked."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    found = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return frozenset(found.partition(":")[2].split())


def state_bytes(size: Size, params: Params) -> int:
    """Return the disk that training states take: weights, best weights, two optimizer moments."""
    return params.train.keep_states * 4 * BYTES_PER_FLOAT * size.total


def model_bytes(size: Size) -> int:
    """Return the disk that the last and the best weights take."""
    return 2 * BYTES_PER_FLOAT * size.total


def int8_bytes(size: Size) -> int:
    """Return the disk that Q8_0 blocks take: 32 weights and one 2-byte scale in 34 bytes."""
    return math.ceil(size.total * 34 / 32)

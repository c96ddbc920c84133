"""Say in words and in a table how large a shape is."""

from collections.abc import Mapping

from alm.model.size import FLOAT32, GB, Size

_COLUMNS = "{:<14}{:>9}{:>9}{:>9}{:>11}{:>10}{:>11}{:>9}  {}"


def render(name: str, size: Size, budget_gb: float) -> str:
    """Describe one shape, a fact a line."""
    fits = size.fits(budget_gb)
    per_token = f"at {size.seq_len:,} tokens"
    lines = {
        "parameters": f"{_count(size.n_parameters)}, {_count(size.n_active)} active per token",
        "embedding": _count(size.n_embedding),
        "experts": _experts(size),
        "training": f"{_count(size.flops_per_token)}FLOP per token {per_token}",
        "memory": f"{_bytes(size.training_bytes)} to train one row {per_token} "
        f"({_bytes(size.state_bytes)} weights, gradients and optimizer, "
        f"{_bytes(size.activation_bytes_per_token)} a token), "
        f"{_bytes(size.inference_bytes)} to generate",
        "weights": f"{_bytes(FLOAT32 * size.n_parameters)} in float32, "
        f"{_bytes(size.int8_bytes)} as int8",
        "KV cache": f"{_bytes(size.kv_bytes_per_token)} a token in float32",
        f"in {budget_gb:g} GB": f"training {_yes(fits.training)}, "
        f"generating {_yes(fits.inference)}",
    }
    return "\n".join([name, *(f"  {key:<12}{value}" for key, value in lines.items())])


def render_table(sizes: Mapping[str, Size], budget_gb: float) -> str:
    """Describe several shapes, one a line, the smallest first."""
    ordered = sorted(sizes.items(), key=lambda item: item[1].n_active)
    head = _COLUMNS.format(
        "shape", "total", "active", "expert", "FLOP/token", "train", "generate", "int8", "fits"
    )
    return "\n".join([head, *(_row(name, size, budget_gb) for name, size in ordered)])


def _row(name: str, size: Size, budget_gb: float) -> str:
    return _COLUMNS.format(
        name,
        _count(size.n_parameters),
        _count(size.n_active),
        _count(size.n_expert) if size.n_expert else "-",
        _count(size.flops_per_token),
        _bytes(size.training_bytes),
        _bytes(size.inference_bytes),
        _bytes(size.int8_bytes),
        f"{budget_gb:g} GB: {_yes(size.fits(budget_gb).training)}",
    )


def _experts(size: Size) -> str:
    if not size.n_experts:
        return "none: every layer is dense"
    together = _count(size.n_expert * size.n_experts)
    return f"{size.n_experts} of {_count(size.n_expert)}, {together} together"


def _count(n: float) -> str:
    """Write a number with three digits and a decimal prefix."""
    for prefix, unit in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if n >= unit:
            return f"{n / unit:.3g} {prefix}"
    return f"{n:.3g} "


def _bytes(n: float) -> str:
    """Write a size with three digits, in powers of a thousand as everywhere."""
    for prefix, unit in (("GB", GB), ("MB", 10**6), ("kB", 10**3)):
        if n >= unit:
            return f"{n / unit:.3g} {prefix}"
    return f"{n:.0f} B"


def _yes(fits: bool) -> str:
    return "fits" if fits else "does not fit"

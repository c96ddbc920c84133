"""Say in words and in a table how large a shape is."""

from collections.abc import Iterable, Mapping

from alm.model.size import FLOAT32, GB, Size

COLUMNS = "{:<18}{:>8}{:>8}{:>8}{:>11}{:>9}{:>9}{:>9}{:>8}  {}"
TWINS = ("dense_{}", "dense_{}_total")  # of equal active and of equal total size
ITERATIONS = 5  # of Newton-Schulz, as usual
SHARE = 0.2  # of training's arithmetic that an optimizer may take


def render(name: str, size: Size, budget_gb: float) -> str:
    """Describe one shape, a fact a line."""
    fits = size.fits(budget_gb)
    per_token = f"at {size.seq_len:,} tokens"
    lines = {
        "parameters": f"{_count(size.n_parameters)}, {_count(size.n_active)} active per token",
        "embedding": _count(size.n_embedding),
        "experts": _experts(size),
        "training": f"{_count(size.flops_per_token)}FLOP per token {per_token}",
        "Muon": _muon(size),
        "memory": f"{_bytes(size.training_bytes)} to train one row {per_token}, "
        f"{_bytes(size.inference_bytes)} to generate",
        "  of it": f"{_bytes(size.state_bytes)} weights, gradients and optimizer, "
        f"{_bytes(size.activation_bytes_per_token)} a token",
        "recomputing": f"{_bytes(size.recomputing_bytes)} to train with train.recompute, "
        f"{_bytes(size.recomputed_bytes_per_token)} a token",
        "weights": f"{_bytes(FLOAT32 * size.n_parameters)} in float32, "
        f"{_bytes(size.int8_bytes)} as int8",
        "KV cache": f"{_bytes(size.kv_bytes)} {per_token} in float32, "
        f"{_bytes(size.kv_bytes / size.seq_len)} a token",
        f"in {budget_gb:g} GB": f"training {_yes(fits.training)}, "
        f"recomputing {_yes(fits.recomputing)}, generating {_yes(fits.inference)}",
    }
    return "\n".join([name, *(f"  {key:<13}{value}" for key, value in lines.items())])


def render_table(sizes: Mapping[str, Size], budget_gb: float) -> str:
    """Describe several shapes, one a line: the ladder, its twins, the others, smallest first."""
    (seq_len,) = {size.seq_len for size in sizes.values()}
    head = COLUMNS.format(
        *("shape", "total", "active", "expert", "FLOP/token", "train", "lean", "generate", "int8"),
        f"{budget_gb:g} GB",
    )
    lines = [
        f"One sequence of {seq_len:,} tokens, in float32. expert: one of them in one layer; lean:",
        f"training with train.recompute; {budget_gb:g} GB: enough to train, train lean, generate.",
        "",
        head,
    ]
    for title, names in _groups(sizes).items():
        ordered = sorted(names, key=lambda name: (sizes[name].n_active, name))
        lines += ["", title, *(_row(name, sizes[name], budget_gb) for name in ordered)]
    return "\n".join(lines)


def _groups(names: Iterable[str]) -> dict[str, list[str]]:
    """Part shapes by their names: those with a twin, their twins, and the rest."""
    ladder = [name for name in names if TWINS[0].format(name) in names]
    twins = [twin.format(name) for name in ladder for twin in TWINS if twin.format(name) in names]
    others = [name for name in names if name not in {*ladder, *twins}]
    groups = {"ladder": ladder, "twins without experts": twins, "others": others}
    return {title: members for title, members in groups.items() if members}


def _row(name: str, size: Size, budget_gb: float) -> str:
    return COLUMNS.format(
        name,
        _count(size.n_parameters),
        _count(size.n_active),
        _count(size.n_expert) if size.n_expert else "-",
        _count(size.flops_per_token),
        _bytes(size.training_bytes),
        _bytes(size.recomputing_bytes),
        _bytes(size.inference_bytes),
        _bytes(size.int8_bytes),
        _most(size, budget_gb),
    )


def _most(size: Size, budget_gb: float) -> str:
    """Name the most that a budget is enough for."""
    named = zip(size.fits(budget_gb), ("train", "lean", "generate"), strict=True)
    return next((name for fits, name in named if fits), "-")


def _experts(size: Size) -> str:
    if not size.n_experts:
        return "none: every layer is dense"
    together = _count(size.n_expert * size.n_experts)
    return f"{size.n_experts} of {_count(size.n_expert)}, {together} together"


def _muon(size: Size) -> str:
    """Say what the optimizer costs, and how large a step must be for that to be little."""
    flops = ITERATIONS * size.muon_flops
    n_tokens = flops / (SHARE * size.flops_per_token)
    return (
        f"{_count(flops)}FLOP a step, {SHARE:.0%} of the training of {_count(n_tokens).strip()} "
        "tokens"
    )


def _count(n: float) -> str:
    """Write a number with three digits and a decimal prefix."""
    for prefix, unit in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
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

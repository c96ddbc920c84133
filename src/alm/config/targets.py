"""Which other programs can load a shape, and what stands in the way of the rest.

What they cannot load they mostly do not refuse: they leave a part out and compute another network.
So a shape names its targets, and one that cannot reach them is refused when it is read, and not
when hours of training are behind it.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

if TYPE_CHECKING:
    from alm.config.shape import ModelConfig

Target = Literal["transformers", "mlx", "llama_cpp"]
TARGETS: tuple[Target, ...] = get_args(Target)
BLOCK = 32  # weights of a row that int8, ours as llama.cpp's Q8_0, stores together


class Obstacle(NamedTuple):
    """A part of a shape that some programs do not have."""

    found: str
    """Field and value."""
    reason: str
    cure: str
    barred: tuple[Target, ...]


def check_targets(config: "ModelConfig") -> None:
    """See that each of a shape's targets can load it.

    Raises:
        ValueError: one cannot; the message names it, the field, the reason and what to do.
    """
    if len(set(config.targets)) < len(config.targets):
        raise ValueError(f"targets: expected each one once, found {', '.join(config.targets)}")
    for obstacle in find_obstacles(config):
        if barred := [target for target in config.targets if target in obstacle.barred]:
            names = " and ".join(barred)
            raise ValueError(
                f"targets: expected a shape that {names} can load, found {obstacle.found}: "
                f"{obstacle.reason}; {obstacle.cure}, or remove {names} from targets"
            )


def reachable_targets(config: "ModelConfig") -> tuple[Target, ...]:
    """Return the targets that a shape could name, whichever it does name."""
    barred = {target for obstacle in find_obstacles(config) for target in obstacle.barred}
    return tuple(target for target in TARGETS if target not in barred)


def find_obstacles(config: "ModelConfig") -> Iterator[Obstacle]:
    """Yield what bars a shape from any target."""
    yield from _rows(config)
    yield from _positions(config)
    if config.window:
        barred = ("mlx", "llama_cpp") if config.moe is None else TARGETS
        kind = "dense networks" if config.moe is None else "mixtures"
        reason = f"it has no windows in {kind} like this one"
        yield Obstacle(f"window.size = {config.window.size}", reason, "set window: null", barred)
    if config.moe:
        yield from _mixture(config)


def _rows(config: "ModelConfig") -> Iterator[Obstacle]:
    wrong = {name: width for name, width in row_widths(config).items() if width % BLOCK}
    if wrong:
        found = ", ".join(f"{name} = {width}" for name, width in wrong.items())
        reason = f"its Q8_0 stores rows in blocks of {BLOCK}"
        yield Obstacle(found, reason, f"make it a multiple of {BLOCK}", ("llama_cpp",))


def _positions(config: "ModelConfig") -> Iterator[Obstacle]:
    if config.position != "rope":
        reason = "it knows this network with rotary positions only"
        yield Obstacle(f"position = {config.position}", reason, "set position: rope", TARGETS)
    if config.rope_scaling and config.moe:
        found = f"rope_scaling.factor = {config.rope_scaling.factor:g}"
        reason = "it does not stretch the positions of mixtures"
        yield Obstacle(found, reason, "set rope_scaling: null", ("mlx",))


def _mixture(config: "ModelConfig") -> Iterator[Obstacle]:
    moe = config.moe
    if moe.router == "softmax" and moe.n_shared_experts:
        yield Obstacle(
            f"moe.n_shared_experts = {moe.n_shared_experts} beside a softmax router",
            "its network with that router has no shared experts",
            "set moe.n_shared_experts: 0 or moe.router: sigmoid",
            ("transformers", "mlx"),
        )
    if moe.router == "sigmoid" and moe.n_experts == 1:
        reason = "it compares the best two of them"
        # mlx-lm would load it, but nothing is exported for it that transformers has not read.
        yield Obstacle("moe.n_experts = 1", reason, "raise it", ("transformers", "mlx"))


def row_widths(config: "ModelConfig") -> dict[str, int]:
    """Return how wide the rows of a shape's matrices are, by the fields that say so."""
    widths = {"d_model": config.d_model, "n_heads * d_head": config.n_heads * config.d_head}
    if config.moe is None or config.moe.n_dense_layers:
        widths["d_ff"] = config.d_ff
    if config.moe is not None:
        widths["moe.d_expert"] = config.moe.d_expert
    return widths

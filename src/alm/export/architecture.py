"""Which network of other tools a shape is, and whether their files can hold it."""

from dataclasses import dataclass

from alm.config import ModelConfig
from alm.errors import ConfigError
from alm.quant import BLOCK


@dataclass(frozen=True)
class Architecture:
    """The same network by the names that others have for it."""

    class_name: str
    """In transformers."""
    model_type: str
    """In ``config.json``; mlx-lm goes by it too."""
    gguf: str
    """In llama.cpp."""


QWEN3 = Architecture("Qwen3ForCausalLM", "qwen3", "qwen3")
GLM4_MOE = Architecture("Glm4MoeForCausalLM", "glm4_moe", "glm4moe")
ARCHITECTURES = {each.model_type: each for each in (QWEN3, GLM4_MOE)}


def architecture_of(config: ModelConfig) -> Architecture:
    """Return what a shape is called elsewhere: a dense one Qwen3, a mixture Glm4Moe."""
    return QWEN3 if config.moe is None else GLM4_MOE


def check_exportable(config: ModelConfig) -> None:
    """See that each matrix of a shape can be cut into blocks of 32, as Q8_0 needs.

    Raises:
        ConfigError: a row is no multiple of 32 wide; the message names every such field.
    """
    wrong = {name: width for name, width in row_widths(config).items() if width % BLOCK}
    if wrong:
        found = ", ".join(f"{name} = {width}" for name, width in wrong.items())
        raise ConfigError(
            f"expected a shape whose rows are multiples of {BLOCK} wide, as GGUF's Q8_0 needs, "
            f"found {found}; change that in configs/models"
        )


def row_widths(config: ModelConfig) -> dict[str, int]:
    """Return how wide the rows of a shape's matrices are, by the fields that say so."""
    widths = {"d_model": config.d_model, "n_heads * d_head": config.n_heads * config.d_head}
    if config.moe is None or config.moe.n_dense_layers:
        widths["d_ff"] = config.d_ff
    if config.moe is not None:
        widths["moe.d_expert"] = config.moe.d_expert
    return widths

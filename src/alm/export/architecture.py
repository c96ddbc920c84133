"""Which network of other tools a shape is."""

from dataclasses import dataclass

from alm.config import ModelConfig


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
# llama.cpp's own qwen3moe wants experts in every layer. Its glm4moe reads from the file how experts
# are scored, and with a shared expert and a selection bias of zeros it is this network.
QWEN3_MOE = Architecture("Qwen3MoeForCausalLM", "qwen3_moe", "glm4moe")
ARCHITECTURES = {each.model_type: each for each in (QWEN3, GLM4_MOE, QWEN3_MOE)}


def architecture_of(config: ModelConfig) -> Architecture:
    """Return what a shape is called elsewhere, by whether it has experts and how it scores them."""
    if config.moe is None:
        return QWEN3
    return GLM4_MOE if config.moe.router == "sigmoid" else QWEN3_MOE

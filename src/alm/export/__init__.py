"""Models for other tools, and from them: files that transformers, mlx-lm and llama.cpp read."""

from alm.export.architecture import Architecture, architecture_of
from alm.export.exporting import N_PROMPTS, Exported, export_model
from alm.export.importing import import_model

__all__ = [
    "N_PROMPTS",
    "Architecture",
    "Exported",
    "architecture_of",
    "export_model",
    "import_model",
]

"""Ground floor: the parameters, typed and checked. No torch, and nothing of alm's but errors."""

from alm.config.corpus_params import CorpusParams, list_corpora
from alm.config.graph import Stage
from alm.config.machine import Machine
from alm.config.params import Params, list_models, list_presets, load_model_config
from alm.config.recipe import (
    JsonlSource,
    Recipe,
    SourceConfig,
    StdlibSource,
    SyntheticSource,
    TextSource,
)
from alm.config.sections import (
    DataConfig,
    DedupConfig,
    EvaluateConfig,
    IngestConfig,
    ModelConfig,
    MoEConfig,
    NormalizeConfig,
    OptimConfig,
    PackConfig,
    QuantizeConfig,
    RuntimeConfig,
    SampleConfig,
    TokenizerConfig,
    TrainConfig,
)

__all__ = [
    "CorpusParams",
    "DataConfig",
    "DedupConfig",
    "EvaluateConfig",
    "IngestConfig",
    "JsonlSource",
    "Machine",
    "MoEConfig",
    "ModelConfig",
    "NormalizeConfig",
    "OptimConfig",
    "PackConfig",
    "Params",
    "QuantizeConfig",
    "Recipe",
    "RuntimeConfig",
    "SampleConfig",
    "SourceConfig",
    "Stage",
    "StdlibSource",
    "SyntheticSource",
    "TextSource",
    "TokenizerConfig",
    "TrainConfig",
    "list_corpora",
    "list_models",
    "list_presets",
    "load_model_config",
]

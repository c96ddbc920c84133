"""Ground floor: the parameters, typed and checked. No torch, and nothing of alm's but errors."""

from alm.config.corpus_params import CorpusParams, list_corpora
from alm.config.graph import Stage
from alm.config.machine import Machine
from alm.config.params import Params, list_models, list_presets, load_model_config
from alm.config.process import available_cores, resident_peak_bytes
from alm.config.recipe import (
    HfSource,
    JsonlSource,
    Recipe,
    RowSource,
    SourceConfig,
    StdlibSource,
    SyntheticSource,
    TextSource,
)
from alm.config.rule_sets import FilterConfig
from alm.config.sections import (
    DataConfig,
    DedupConfig,
    EvaluateConfig,
    IngestConfig,
    NormalizeConfig,
    OptimConfig,
    PackConfig,
    QuantizeConfig,
    RuntimeConfig,
    SampleConfig,
    TokenizerConfig,
    TrainConfig,
)
from alm.config.shape import ModelConfig, MoEConfig, RopeScaling, WindowConfig
from alm.config.targets import TARGETS, Target, reachable_targets

__all__ = [
    "TARGETS",
    "CorpusParams",
    "DataConfig",
    "DedupConfig",
    "EvaluateConfig",
    "FilterConfig",
    "HfSource",
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
    "RopeScaling",
    "RowSource",
    "RuntimeConfig",
    "SampleConfig",
    "SourceConfig",
    "Stage",
    "StdlibSource",
    "SyntheticSource",
    "Target",
    "TextSource",
    "TokenizerConfig",
    "TrainConfig",
    "WindowConfig",
    "available_cores",
    "resident_peak_bytes",
    "list_corpora",
    "list_models",
    "list_presets",
    "load_model_config",
    "reachable_targets",
]

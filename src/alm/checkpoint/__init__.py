"""Weights and training states on disk: safetensors and canonical JSON, verified before use."""

from alm.checkpoint.adoption import Adoption, adopt_state, forget_adoptions, read_adoptions
from alm.checkpoint.fingerprint import Fingerprint, code_digests
from alm.checkpoint.pruning import prune_runs
from alm.checkpoint.published import ModelSpec, build_model, load_model, publish_model, read_spec
from alm.checkpoint.run import RunDirectory, load_latest_model
from alm.checkpoint.states import SavedState, StateStore
from alm.checkpoint.tensors import read_tensors, write_tensors

__all__ = [
    "Adoption",
    "Fingerprint",
    "ModelSpec",
    "RunDirectory",
    "SavedState",
    "StateStore",
    "adopt_state",
    "build_model",
    "code_digests",
    "load_latest_model",
    "load_model",
    "prune_runs",
    "publish_model",
    "forget_adoptions",
    "read_adoptions",
    "read_spec",
    "read_tensors",
    "write_tensors",
]

"""What is exported: a model, the same in int8, its tokenizer and its tokens, checked together."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from alm.checkpoint import ModelSpec, read_spec
from alm.errors import ConfigError, IntegrityError
from alm.export.weights import FLOAT, INT8
from alm.io import Manifest
from alm.tokenizer import Tokenizer

KINDS = {
    "model": "model.pretrain",
    "int8": "model.int8",
    "tokenizer": "tokenizer",
    "packed": "corpus.packed",
}
BPE = "bpe"


@dataclass(frozen=True)
class Source:
    """Directories that belong together, and their manifests."""

    name: str
    """Of the preset."""
    spec: ModelSpec
    paths: Mapping[str, Path]
    """By the keys of ``KINDS``."""
    manifests: Mapping[str, Manifest]

    @classmethod
    def read(cls, name: str, paths: Mapping[str, Path]) -> Self:
        """Read and verify what is to be exported.

        Args:
            name: of the preset.
            paths: directories, by the keys of ``KINDS``.

        Raises:
            IntegrityError: one of them is absent or damaged, or made of another model or text.
            ConfigError: the kind of tokenizer has no counterpart elsewhere.
        """
        manifests = {key: Manifest.read(paths[key], kind) for key, kind in KINDS.items()}
        for key in ("model", "int8"):
            manifests[key].verify(paths[key])
        source = cls(name, read_spec(paths["model"]), dict(paths), manifests)
        source._check_kin()
        source._check_tokenizer()
        return source

    @property
    def float_weights(self) -> Path:
        """The float32 file."""
        return self.paths["model"] / FLOAT

    @property
    def int8_weights(self) -> Path:
        """The int8 file."""
        return self.paths["int8"] / INT8

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The model's own tokenizer."""
        return Tokenizer.load(self.paths["tokenizer"])

    @property
    def inputs(self) -> dict[str, str]:
        """Digests, for a manifest."""
        return {key: manifest.sha256 for key, manifest in self.manifests.items()}

    def _check_kin(self) -> None:
        """Raise IntegrityError unless all was made of the same model and the same tokenizer."""
        wanted, made_of = self.manifests["model"], self.manifests["int8"].inputs["model"]
        if made_of != wanted.sha256:
            raise IntegrityError(
                f"{self.paths['int8']}: expected the int8 form of the model {wanted.sha256[:12]}, "
                f"found that of {made_of[:12]}; build it again with make quantize"
            )
        for key, field in (("tokenizer", "sha256"), ("packed", "tokenizer_sha256")):
            found = self.manifests[key].facts[field]
            if found != self.spec.tokenizer_sha256:
                raise IntegrityError(
                    f"{self.paths[key]}: expected the tokenizer {self.spec.tokenizer_sha256[:12]} "
                    f"that the model was trained with, found {found[:12]}; build the model again"
                )

    def _check_tokenizer(self) -> None:
        trained = self.manifests["tokenizer"].params.get("tokenizer", {})
        algorithm = trained.get("algorithm", BPE)  # an import says none, and exports are BPE alone
        if algorithm != BPE:
            raise ConfigError(
                f"expected tokenizer.algorithm {BPE} to export, found {algorithm}; such a "
                "vocabulary is written for other tools as BPE alone, so train with bpe"
            )
        if self.tokenizer.vocab_size != self.spec.n_vocab:
            raise IntegrityError(
                f"expected a tokenizer of {self.spec.n_vocab} pieces, found "
                f"{self.tokenizer.vocab_size}; build the model again"
            )

"""One network trained from one seed: where it is kept, whether it is done, what came of it."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from alm.checkpoint import Fingerprint, StateStore
from alm.config import Machine, ModelConfig, Params, Stage
from alm.config.params import MODELS, SCRATCH
from alm.errors import ConfigError
from alm.io import canonical_json, hold_lock, read_json
from alm.runtime import Numerics
from alm.train import Paths, Pretraining
from alm.twins.variants import Variant

HELD_OUT_ROWS = 128  # more than training looks at: the last validation is what is compared
THREADS = "numerics threads"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A training of a variant from a seed, otherwise as its preset says.

    The seed decides the first weights and the order of the text, so that all variants of a seed
    read the same tokens in the same order.
    """

    variant: Variant
    seed: int
    training: Pretraining

    @classmethod
    def of(
        cls,
        preset: str,
        params: Params,
        numerics: Numerics,
        variant: Variant,
        seed: int,
    ) -> Self:
        """Prepare a trial; nothing is trained yet.

        Args:
            preset: whose training this is.
            params: of the preset, with the tokens to train on.
            numerics: as pinned.
            variant: the network.
            seed: of the trial, in place of the preset's.

        Raises:
            ConfigError: the preset starts from another one's weights, which no twin could.
            IntegrityError: its corpus is not packed, or there is no start to begin from.
        """
        if params.train.init != SCRATCH:
            raise ConfigError(
                f"presets.{preset}.train.init: expected {SCRATCH!r}, since twins begin alike, "
                f"found {params.train.init!r}; name the preset where that line begins"
            )
        train = replace(params.train, validate_rows=HELD_OUT_ROWS, keep_states=1)
        own = params.model_copy(update={"seed": seed, "model": variant.shape, "train": train})
        place = f"twins/{preset}/{variant.name}-{seed}"
        return cls(variant=variant, seed=seed, training=_prepare(preset, place, own, numerics))

    @property
    def label(self) -> str:
        """Name of the shape, and the seed."""
        return f"{self.variant.model}, seed {self.seed}"

    @property
    def campaign_root(self) -> Path:
        """Directory of all trials of the preset."""
        return Machine.load().state_dir / Path(self.training.preset).parent

    def result(self) -> dict[str, Any] | None:
        """Return what the finished training found; None before that."""
        path = self.training.paths.metrics
        return read_json(path) if path.exists() else None

    def run(self) -> None:
        """Train, from where a former run was interrupted, unless that is done already.

        The states of a finished trial are removed: what it found is all that is asked for later.
        """
        if self.result() is None:
            self.training.run()
            run = self.training.paths.out.parents[1]
            with hold_lock(run):
                StateStore(run, 1, print).clear()


def _prepare(preset: str, place: str, params: Params, numerics: Numerics) -> Pretraining:
    """Prepare a training that leaves all it writes in the state directory, below ``place``."""
    stage = Stage.load("pack", params.corpus)
    nowhere = Path()
    paths = Paths(packed=stage.outs[0], init=nowhere, out=nowhere, metrics=nowhere, table=nowhere)
    found = Pretraining.prepare(preset, params, numerics, paths)
    fingerprint = _identify(found.fingerprint, params.model)
    results = Machine.load().state_dir / place / fingerprint.short / "result"
    return replace(
        found,
        preset=place,
        fingerprint=fingerprint,
        paths=replace(
            paths,
            out=results / "model",
            metrics=results / "pretrain.json",
            table=results / "loss.csv",
        ),
    )


def _identify(found: Fingerprint, shape: ModelConfig) -> Fingerprint:
    """Return what a trial depends on: its own shape, not the preset's; and on no thread count.

    How many threads add up a sum changes its last digits and nothing that is compared, so that
    trials of one thread each, side by side, and of all threads, one by one, are the same trials.
    """
    files = f"{MODELS.as_posix()}/"
    kept = {
        name: value
        for name, value in found.components.items()
        if name != THREADS and not name.startswith(files)
    }
    return Fingerprint(dict(sorted({**kept, "shape": canonical_json(asdict(shape))}.items())))

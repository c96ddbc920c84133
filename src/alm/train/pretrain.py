"""Train a preset's network on its corpus, from its newest state to the published model."""

from dataclasses import asdict, dataclass, fields, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Self

from alm.checkpoint import (
    Adoption,
    Fingerprint,
    ModelSpec,
    RunDirectory,
    StateStore,
    adopt_state,
    build_model,
    forget_adoptions,
    load_model,
    publish_model,
    read_adoptions,
    read_spec,
)
from alm.config import Machine, ModelConfig, Params, Stage
from alm.config.params import SCRATCH
from alm.data import Loader, Rows, TokenStream
from alm.errors import ConfigError, TrainingError
from alm.io import Manifest, announce_stop, hold_lock, rounded, write_json, write_text
from alm.model import Size, Transformer, describe, init_weights
from alm.runtime import Numerics, StopRequest
from alm.runtime.board import Board
from alm.runtime.console import ProgressLine
from alm.train.compilation import compiled_as_decided, decide_compilation
from alm.train.objectives import choose_objective
from alm.train.optimization import build_optimizer
from alm.train.trainer import Surroundings, Task, Trainer
from alm.train.validation import Validation

PACKED = "corpus.packed"
MODEL = "model.pretrain"
SECTIONS = ("runtime", "data", "optim", "train")


@dataclass(frozen=True, kw_only=True)
class Paths:
    """Where training reads and writes, as ``dvc.yaml`` says."""

    packed: Path
    init: Path
    """Published model to start from; not read when training starts from scratch."""
    out: Path
    metrics: Path
    table: Path

    @classmethod
    def declared(cls, preset: str) -> Self:
        """Return the places that ``dvc.yaml`` names for a preset."""
        words = Stage.load("pretrain", preset).cmd.split()
        named = {word.removeprefix("--"): words[i + 1] for i, word in enumerate(words[:-1])}
        return cls(**{field.name: Path(named[field.name]) for field in fields(cls)})


@dataclass(frozen=True, kw_only=True)
class Pretraining:
    """One preset's training: what it is given, and the network, run and result that follow."""

    preset: str
    params: Params
    numerics: Numerics
    paths: Paths
    corpus: Manifest
    spec: ModelSpec
    fingerprint: Fingerprint

    @classmethod
    def prepare(cls, preset: str, params: Params, numerics: Numerics, paths: Paths) -> Self:
        """Read the corpus' manifest, and take the fingerprint of everything declared.

        ``numerics`` are as pinned; whether the run is compiled is decided here, for good.
        """
        corpus = Manifest.read(paths.packed, PACKED)
        spec = ModelSpec(
            model=params.model,
            n_vocab=corpus.facts["vocab_size"],
            seq_len=params.data.seq_len,
            tokenizer_sha256=corpus.facts["tokenizer_sha256"],
        )
        numerics = decide_compilation(params, spec, numerics, print)
        stage = Stage.load("pretrain", preset)
        fingerprint = Fingerprint.of(stage, _sections(params), numerics.as_dict())
        return cls(
            preset=preset,
            params=params,
            numerics=numerics,
            paths=paths,
            corpus=corpus,
            spec=spec,
            fingerprint=fingerprint,
        )

    def run(self) -> None:
        """Train, resuming where a former run of the same fingerprint stopped, and publish.

        Raises:
            LockedError: another process trains the same thing.
            Interrupted: asked to stop; the state was saved.
            ConfigError: tokenizer and shape, or this preset and its start, do not fit; or a split
                is too small for one row.
            TrainingError: the loss stayed non-finite, or no validation loss was finite.
        """
        machine = Machine.load()
        run = RunDirectory(machine.state_dir / self.preset, self.fingerprint, print)
        with hold_lock(run.path), StopRequest(lambda: announce_stop(run.path)) as stop:
            run.open(self.spec)
            store = StateStore(run.path, self.params.train.keep_states, print)
            if machine.fresh:
                store.clear_finished(self._steps)
            forget_adoptions(run.path)
            trainer = self._train(store, stop, Board(run.path / "tensorboard"))
            self._publish(trainer, read_adoptions(run.path))
        effort = machine.effort(self.params.runtime.numerics)
        _note_speed(trainer, effort, machine.state_dir / self.preset)

    def adopt(self, source: Path) -> Adoption:
        """Go on from the newest state of a former run, whatever has changed since; see there.

        Raises:
            CheckpointError: that state cannot be continued, or this run has some of its own.
            LockedError: another process trains the same thing.
        """
        run = RunDirectory(Machine.load().state_dir / self.preset, self.fingerprint, print)
        with hold_lock(run.path):
            run.open(self.spec)
            return adopt_state(source, run.path, self.fingerprint, self.spec, self._steps)

    def _train(self, store: StateStore, stop: StopRequest, board: Board) -> Trainer:
        task = self.task()
        with ProgressLine("pretrain", task.steps) as line:
            around = Surroundings(store=store, line=line, board=board, stop=stop)
            trainer = Trainer(task, self.params.train, self.numerics, around)
            try:
                with compiled_as_decided(task.model, self.numerics):
                    trainer.fit()
            finally:
                board.close()
        return trainer

    def task(self) -> Task:
        """Build the network and all else that the loop of this training needs."""
        train, model = self.params.train, self._network()
        splits = self.corpus.facts["splits"]
        return Task(
            model=model,
            optimizer=build_optimizer(model, self.params.optim, self.numerics),
            objective=choose_objective(self.params.data),
            batches=self._loader.batch,
            validation=Validation(self._held_out(), train.validate_rows, train.micro_batch_size),
            steps=self._steps,
            tokens_per_step=train.batch_size * self.spec.seq_len,
            bytes_per_token={name: each["bytes"] / each["tokens"] for name, each in splits.items()},
            flops_per_token=cache(lambda seq_len: self._size(seq_len).flops_per_token),
        )

    def _size(self, seq_len: int) -> Size:
        return describe(self.spec.model, self.spec.n_vocab, seq_len)

    @property
    def _steps(self) -> int:
        return self.params.train.steps(self.spec.seq_len)

    @cached_property
    def _loader(self) -> Loader:
        return Loader(
            TokenStream(self.paths.packed, "train"),
            self.params.data,
            batch_size=self.params.train.batch_size,
            steps=self._steps,
            seed=self.params.seed,
        )

    def _held_out(self) -> Rows:
        """Return rows of the whole held-out stream, whatever is trained on: so losses compare."""
        return Rows(TokenStream(self.paths.packed, "val"), self.spec.seq_len)

    def _network(self) -> Transformer:
        """Build the network with fresh weights, or with those of the preset it starts from."""
        start = self.params.train.init
        if start == SCRATCH:
            model = Transformer(self.spec.model, self.spec.n_vocab)
            init_weights(model, self.params.seed)
            return model.to(self.numerics.device)
        former, found = load_model(self.paths.init, "cpu"), read_spec(self.paths.init)
        if _what_weights_fit(found) != _what_weights_fit(self.spec):
            raise ConfigError(
                f"train.init: expected {start!r} to have this preset's shape and tokenizer, found "
                "others; give both presets one model (rope_scaling and targets may differ) and one "
                "corpus"
            )
        return build_model(self.spec, former.state_dict(), self.numerics.device)

    def _publish(self, trainer: Trainer, adoptions: list[dict[str, Any]]) -> None:
        """Write the outputs, once, at the very end: the reports first, the model last."""
        if not trainer.best:
            raise TrainingError(
                "expected a finite validation loss at some step, found none, and so no best "
                "weights; lower train.lr"
            )
        facts = self._facts(trainer)
        if adoptions:
            facts["hybrid"] = adoptions
        write_json(self.paths.metrics, rounded(facts))
        write_text(self.paths.table, trainer.table.to_csv())
        publish_model(
            self.paths.out,
            self.spec,
            {"model": trainer.task.model.state_dict(), "best": trainer.best},
            params=_sections(self.params),
            inputs=self._inputs(),
            code=self.fingerprint.code(),
            libraries=self.fingerprint.libraries(),
            facts=facts,
        )

    def _inputs(self) -> dict[str, str]:
        """Return the digest of the corpus, and of the model whose weights were the first."""
        inputs = {"packed": self.corpus.sha256}
        if self.params.train.init != SCRATCH:
            inputs["init"] = Manifest.read(self.paths.init, MODEL).sha256
        return inputs

    def _facts(self, trainer: Trainer) -> dict[str, Any]:
        tokens = trainer.task.steps * trainer.task.tokens_per_step
        last = trainer.table.rows[-1]
        guard, size = trainer.progress.guard, self._size(self.spec.seq_len)
        return {
            "preset": self.preset,
            "steps": trainer.task.steps,
            "tokens": tokens,
            **self._loader.facts(),
            "train_loss": last.loss,
            "val_loss": last.val_loss,
            "best_val_loss": trainer.progress.best_loss,
            "best_step": trainer.progress.best_step,
            "skipped_steps": guard.skipped,
            "spike_steps": guard.spikes,
            "expert_load": trainer.progress.expert_load,
            "params": {"total": size.n_parameters, "active": size.n_active},
            "seq_len": self.spec.seq_len,
            "batch_size": self.params.train.batch_size,
            "numerics": self.numerics.as_dict(),
        }


def _what_weights_fit(spec: ModelSpec) -> tuple[ModelConfig, str]:
    """Return what two networks have in common whose weights may change places.

    Stretched positions are for a network that was trained without, and need no weight of their own.
    """
    return replace(spec.model, rope_scaling=None, targets=()), spec.tokenizer_sha256


def _sections(params: Params) -> dict[str, Any]:
    return {"seed": params.seed, **{name: asdict(getattr(params, name)) for name in SECTIONS}}


def _note_speed(trainer: Trainer, effort: dict[str, str | int], directory: Path) -> None:
    """Keep the speed for `make plan`; it never reaches a tracked file."""
    if speed := trainer.tokens_per_second:
        timings = {"tokens_per_second": round(speed, 1), "effort": effort}
        write_json(directory / "timings.json", timings)

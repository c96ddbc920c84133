"""All trials of a comparison: those that are missing are trained, then the report is written."""

import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from alm.config import Machine, Params
from alm.config.checks import choose_from
from alm.errors import AlmError, ConfigError, Interrupted, LockedError
from alm.io import rounded, write_json, write_text
from alm.project.consent import LIMIT_SECONDS
from alm.project.cost import training_rate, training_seconds
from alm.project.plan import spell_seconds
from alm.runtime import Numerics
from alm.twins.comparison import Comparison
from alm.twins.intervals import MOST_VALUES
from alm.twins.page import render_page
from alm.twins.speed import find_speed
from alm.twins.trial import Trial
from alm.twins.variants import load_variants
from alm.twins.words import tell

SCRIPT = Path("scripts/twins.py")
REPORTS = Path("reports/twins")
LEAVING_SECONDS = 120.0  # a child that was told to stop takes at most to save and leave
SIGNALS = 128  # exit codes above are those of processes that were asked to stop

Start = Callable[[Sequence[str]], int]


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """The trials of a preset: each of its variants from each seed."""

    preset: str
    tokens: int
    numerics: Numerics
    trials: tuple[Trial, ...]
    """By seed, then by variant: an early end leaves whole seeds."""

    @classmethod
    def of(  # noqa: PLR0913
        cls,
        preset: str,
        params: Params,
        numerics: Numerics,
        seeds: Sequence[int],
        tokens: int | None,
    ) -> Self:
        """Prepare the trials; nothing is trained yet.

        Args:
            preset: whose mixture is compared.
            params: of the preset.
            numerics: as pinned.
            seeds: of the trials.
            tokens: of each trial; None takes the preset's.

        Raises:
            ConfigError: the preset is no mixture, lacks a dense twin or starts from another's
                weights; there are no seeds, or too many.
            IntegrityError: its corpus is not packed.
        """
        if not 1 <= len(seeds) <= MOST_VALUES:
            raise ConfigError(
                f"expected 1 to {MOST_VALUES} seeds, found {len(seeds)}; change SEEDS="
            )
        tokens = params.train.tokens if tokens is None else tokens
        if tokens < 1:
            raise ConfigError(f"expected tokens to train on, found {tokens}; change TOKENS=")
        own = params.model_copy(update={"train": replace(params.train, tokens=tokens)})
        trials = _prepare(preset, own, numerics, seeds)
        if len({trial.training.numerics.compiled for trial in trials}) > 1:  # some are long enough
            never = replace(params.runtime, compile="never")
            trials = _prepare(preset, own.model_copy(update={"runtime": never}), numerics, seeds)
        return cls(preset=preset, tokens=tokens, numerics=numerics, trials=trials)

    def run_one(self, variant: str) -> None:
        """Train the trials of one variant, in this process.

        Raises:
            ConfigError: there is no such variant.
        """
        chosen = [trial for trial in self.trials if trial.variant.name == variant]
        if not chosen:
            names = [trial.variant.name for trial in self.trials]
            raise ConfigError(f"no variant {variant!r}; {choose_from(names)}")
        for trial in chosen:
            trial.run()

    def run(self, start: Start) -> str:
        """Train what is missing, compare, write the report, and return what it says.

        Args:
            start: runs a command of this project to its end and returns its exit code.

        Raises:
            AlmError: it takes over an hour and nobody agreed; a trial failed, or is being trained
                by another process.
            Interrupted: Ctrl-C; the trial saved its state.
        """
        self.ask_consent()
        for trial in self._missing():
            self._train(trial, start)
        if left := self._missing():
            raise AlmError(
                f"{len(left)} trials are being trained by another process ({left[0].label}); run "
                "the same command again when they are done"
            )
        return self._report()

    def ask_consent(self) -> None:
        """Return where what is missing takes up to an hour, or was agreed to with ``YES=1``.

        Raises:
            AlmError: it takes longer, and nobody agreed.
        """
        machine, missing = Machine.load(), self._missing()
        seconds = sum(_estimate_seconds(trial, machine) for trial in missing)
        if seconds > LIMIT_SECONDS and not machine.yes:
            raise AlmError(
                f"training {len(missing)} networks on {self.tokens:,} tokens each takes about "
                f"{spell_seconds(seconds)} on this machine. Add YES=1 to do it; it can be "
                "interrupted and goes on where it was"
            )

    def _missing(self) -> list[Trial]:
        return [trial for trial in self.trials if trial.result() is None]

    def _train(self, trial: Trial, start: Start) -> None:
        """Train in a process of its own: fresh memory, and numerics pinned before anything else."""
        print(f"{trial.label}: {self.tokens:,} tokens", flush=True)  # noqa: T201
        code = start(self._command(trial))
        if code == LockedError.exit_code:  # somebody shares the work
            return
        if code == 0:
            self._expect_result(trial)
            return
        if code > SIGNALS:
            raise Interrupted(
                code - SIGNALS,
                f"{trial.label} was interrupted; the same command goes on from there",
            )
        raise AlmError(f"{trial.label} failed; it says above why")

    def _expect_result(self, trial: Trial) -> None:
        if trial.result() is None:
            raise AlmError(
                f"{trial.label}: expected its result at {trial.training.paths.metrics}, found "
                "none: code, parameters or corpus changed after this command began; run it again"
            )

    def _command(self, trial: Trial) -> list[str]:
        return [
            sys.executable,
            str(SCRIPT),
            f"--preset={self.preset}",
            f"--tokens={self.tokens}",
            f"--only={trial.variant.name}",
            f"--seed={trial.seed}",
        ]

    def _report(self) -> str:
        found = Comparison.of(self.preset, self.trials)
        first = {trial.variant.name: trial for trial in reversed(self.trials)}
        speed = find_speed({name: first[name] for name in found.contestants}, self.numerics)
        figures = {**found.to_json(), "speed": speed.figures() if speed else None}
        write_json(REPORTS / f"{self.preset}.json", rounded(figures))
        write_text(REPORTS / f"{self.preset}.md", render_page(found, speed))
        said = "\n".join(tell(found, speed))
        return f"{said}\nreport: {REPORTS / self.preset}.md"


def start_process(command: Sequence[str]) -> int:
    """Run a command to its end; return its exit code, as a shell would.

    Ctrl-C reaches the command as well, which then saves and leaves; it is waited for. Where the
    signal was for this process alone, the command follows once this one is gone.
    """
    process = subprocess.Popen(command)
    try:
        code = process.wait()
    except KeyboardInterrupt:
        try:
            code = process.wait(LEAVING_SECONDS)
        except subprocess.TimeoutExpired:
            code = SIGNALS + signal.SIGINT
    return SIGNALS - code if code < 0 else code


def _prepare(
    preset: str, params: Params, numerics: Numerics, seeds: Sequence[int]
) -> tuple[Trial, ...]:
    variants = load_variants(preset).values()
    return tuple(
        Trial.of(preset, params, numerics, each, seed) for seed in seeds for each in variants
    )


def _estimate_seconds(trial: Trial, machine: Machine) -> float:
    training = trial.training
    rate = training_rate(training.preset, training.params, training.spec.n_vocab, machine)
    return training_seconds(training.params.train.tokens, rate)

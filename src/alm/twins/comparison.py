"""What the finished trials say: losses, gaps between the networks, balance of the experts."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from alm.errors import TrainingError
from alm.model import describe
from alm.twins.intervals import Interval, mean_interval, ratio_interval
from alm.twins.trial import HELD_OUT_ROWS, Trial
from alm.twins.variants import ACTIVE, MIXTURE, TOTAL

TARGET = 0.75  # of what the larger dense twin gains over the smaller, to be had by the mixture


@dataclass(frozen=True, kw_only=True)
class Balance:
    """How even the mixture layers use their experts, in the last validations."""

    mean_violation: float
    """Tokens of a layer's busiest expert over the mean, less 1: mean over layers and seeds.

    Reference:
        MaxVio in Wang et al. 2024 (arXiv:2408.15664).
    """
    worst_violation: float
    """The largest one."""
    least_load: float
    """Tokens of the idlest expert of all over the mean of its layer."""

    @classmethod
    def of(cls, loads: Sequence[Sequence[float]]) -> Self:
        """Sum up shares of tokens per expert, one sequence for each layer and seed."""
        violations = [max(shares) * len(shares) - 1 for shares in loads]
        return cls(
            mean_violation=statistics.fmean(violations),
            worst_violation=max(violations),
            least_load=min(min(shares) * len(shares) for shares in loads),
        )


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """One network, over all seeds."""

    model: str
    n_parameters: int
    n_active: int
    flops_per_token: int
    """To train on one token."""
    losses: tuple[float, ...]
    """Held out, in nats per token, in the order of the seeds."""
    loss: Interval

    @classmethod
    def of(cls, trials: Sequence[Trial]) -> Self:
        """Collect the results of a variant's trials, which are done."""
        spec = trials[0].training.spec
        size = describe(spec.model, spec.n_vocab, spec.seq_len)
        losses = tuple(map(_loss, trials))
        return cls(
            model=trials[0].variant.model,
            n_parameters=size.n_parameters,
            n_active=size.n_active,
            flops_per_token=size.flops_per_token,
            losses=losses,
            loss=mean_interval(losses),
        )


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The mixture beside its dense twins, seed by seed on the same tokens."""

    preset: str
    steps: int
    tokens: int
    seeds: tuple[int, ...]
    held_out_rows: int
    numerics: dict[str, Any]
    """How it was computed, without the number of threads, which may differ between trials."""
    contestants: dict[str, Contestant]
    """By the name of the variant."""
    gap: Interval
    """Loss of the dense twin of equal active size less the mixture's."""
    total_gap: Interval
    """Loss of the dense twin of equal total size less the mixture's."""
    dense_gap: Interval
    """Loss of the dense twin of equal active size less that of the one of equal total size."""
    recovered: Interval | None
    """The gap over the dense gap; None where the larger dense twin is not shown to be better."""
    to_spare: Interval
    """The gap less ``TARGET`` of the dense gap: above 0 where the mixture does better than that.

    Where there is a dense gap this is the question whether the target lies below what is recovered,
    by the same t test; and it has an answer where there is none, and so no share of it. It counts
    as reached where the mixture is better than the dense twin of equal active size as well: where
    the larger one is worse than the smaller, to come near it is no feat.
    """
    balance: Balance

    @classmethod
    def of(cls, preset: str, trials: Sequence[Trial]) -> Self:
        """Compare trials that are all done.

        Raises:
            TrainingError: a trial's last loss was not finite.
        """
        by_variant = {
            name: [trial for trial in trials if trial.variant.name == name]
            for name in (MIXTURE, ACTIVE, TOTAL)
        }
        mixtures = by_variant[MIXTURE]
        contestants = {name: Contestant.of(found) for name, found in by_variant.items()}
        facts = _facts(mixtures[0])
        return cls(
            preset=preset,
            steps=facts["steps"],
            tokens=facts["tokens"],
            seeds=tuple(trial.seed for trial in mixtures),
            held_out_rows=HELD_OUT_ROWS,
            numerics={key: each for key, each in facts["numerics"].items() if key != "threads"},
            contestants=contestants,
            **compare_losses({name: each.losses for name, each in contestants.items()}),
            balance=Balance.of([load for each in mixtures for load in _facts(each)["expert_load"]]),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        return asdict(self)


def compare_losses(losses: Mapping[str, Sequence[float]]) -> dict[str, Interval | None]:
    """Return the gaps and what the mixture recovers; losses are paired by seed."""
    gaps = _subtract(losses[ACTIVE], losses[MIXTURE])
    dense_gaps = _subtract(losses[ACTIVE], losses[TOTAL])
    dense_gap = mean_interval(dense_gaps)
    is_there = dense_gap.value > 0 and (dense_gap.sign > 0 or dense_gap.low is None)
    return {
        "gap": mean_interval(gaps),
        "total_gap": mean_interval(_subtract(losses[TOTAL], losses[MIXTURE])),
        "dense_gap": dense_gap,
        "recovered": ratio_interval(gaps, dense_gaps) if is_there else None,
        "to_spare": mean_interval(_subtract(gaps, [TARGET * each for each in dense_gaps])),
    }


def _subtract(those: Sequence[float], these: Sequence[float]) -> list[float]:
    return [a - b for a, b in zip(those, these, strict=True)]


def _facts(trial: Trial) -> dict[str, Any]:
    found = trial.result()
    assert found is not None, "trials are compared when all are done"
    return found


def _loss(trial: Trial) -> float:
    loss = _facts(trial)["val_loss"]
    if loss is None:
        raise TrainingError(
            f"{trial.label}: expected a finite loss in the last validation, found none; lower "
            "train.lr"
        )
    return loss

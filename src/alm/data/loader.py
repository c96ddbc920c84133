"""All that a run draws from a corpus, as the data section says."""

from typing import Any

from alm.config import DataConfig
from alm.data.batch import Batch
from alm.data.batches import Batches
from alm.data.best_fit import BestFitRows
from alm.data.curriculum import Curriculum
from alm.data.epochs import Epochs
from alm.data.mixture import MixtureOrder, MixtureRows, weigh_shares
from alm.data.rows import Rows, RowSet
from alm.data.sources import SourceStream
from alm.data.stream import Stream, TokenStream
from alm.errors import ConfigError

ROWS = {"stream": Rows, "best_fit": BestFitRows}


class Loader:
    """The batches of a run: a function of the step, with nothing to save.

    Args:
        stream: the split to train on.
        config: how rows are cut, mixed and ordered.
        batch_size: rows per optimizer step, before a curriculum cuts them up.
        steps: optimizer steps of the run.
        seed: which order.

    Raises:
        ConfigError: there is no row, or the mixture names a source that is not there, or a share is
            too small for a single sample.
    """

    def __init__(
        self, stream: TokenStream, config: DataConfig, *, batch_size: int, steps: int, seed: int
    ) -> None:
        self._n_samples = steps * batch_size
        self._sources = _split_sources(stream, config)
        self._order: Epochs | MixtureOrder
        if self._sources:
            weights = weigh_shares({name: config.mixture[name] for name in self._sources})
            sizes = [len(rows) for rows in self._sources.values()]
            self._rows: RowSet = MixtureRows(list(self._sources.values()))
            self._order = MixtureOrder(sizes, list(weights.values()), seed)
        else:
            self._rows = _cut_rows(stream, config)
            self._order = Epochs(len(self._rows), seed)
        self._batches = Batches(self._rows, self._order, batch_size)
        self._curriculum = Curriculum(config.curriculum, config.seq_len, steps)

    def batch(self, step: int) -> Batch:
        """Return the rows of a step, from 0: ``batch_size`` of them, or shorter ones made of those.

        Raises:
            ShardError: the files are not what was packed.
        """
        return self._curriculum.cut(self._batches.batch(step), step)

    def facts(self) -> dict[str, Any]:
        """Return rows, how full they are, and how often the run reads them; by source in a mixture.

        ``fill_rate`` is of the rows that are drawn: the share of their places that hold a token.
        """
        facts = {"rows": len(self._rows), "epochs": self._n_samples / len(self._rows)}
        if not isinstance(self._order, MixtureOrder):
            return {**facts, "fill_rate": self._rows.fill_rate}
        drawn = self._order.counts(self._n_samples).tolist()
        sources = {
            name: {
                "rows": len(rows),
                "share": count / self._n_samples,
                "epochs": count / len(rows),
                "fill_rate": rows.fill_rate,
            }
            for (name, rows), count in zip(self._sources.items(), drawn, strict=True)
        }
        fill_rate = sum(each["share"] * each["fill_rate"] for each in sources.values())
        return {**facts, "fill_rate": fill_rate, "sources": sources}


def _split_sources(stream: TokenStream, config: DataConfig) -> dict[str, RowSet]:
    """Return the rows of each source of the mixture, in the order of the corpus."""
    names = stream.source_names
    if unknown := sorted(config.mixture.keys() - set(names)):
        raise ConfigError(
            f"data.mixture: no source {unknown[0]!r} in {stream.label}; choose from: "
            f"{', '.join(names)}"
        )
    if not config.mixture:
        return {}
    index = stream.documents()
    return {
        name: _cut_rows(SourceStream(stream, index, i), config)
        for i, name in enumerate(names)
        if name in config.mixture
    }


def _cut_rows(stream: Stream, config: DataConfig) -> RowSet:
    return ROWS[config.rows](stream, config.seq_len)

"""Find mistakes in the configuration before anything is started."""

from pathlib import Path

from alm.config import CorpusParams, Machine, Params


def check_preset(preset: str, root: Path = Path()) -> str:
    """Read everything that building a preset would read; return the name of its corpus.

    Raises:
        ConfigError: a name is unknown, or a value or an ``ALM_*`` variable cannot be used.
    """
    return check_corpus(Params.load(preset, root).corpus, root)


def check_corpus(corpus: str, root: Path = Path()) -> str:
    """Read everything that building a corpus would read; return its name.

    Raises:
        ConfigError: as for a preset.
    """
    Machine.load()
    CorpusParams.load(corpus, root)
    return corpus

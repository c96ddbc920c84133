"""Learn a vocabulary from text with SentencePiece."""

import io
from collections.abc import Callable, Iterable, Iterator

from sentencepiece import SentencePieceTrainer

from alm.config import TokenizerConfig
from alm.errors import InputError
from alm.tokenizer.size import Misfit, find_size
from alm.tokenizer.symbols import (
    BOS_ID,
    CONTROL_SYMBOLS,
    EOS_ID,
    PAD_ID,
    UNK_ID,
    WHOLE_PIECES,
)
from alm.tokenizer.words import SPACE_MARK, count_words

ERRORS_ONLY = 2
N_THREADS = 1
WHY_ONE_THREAD = "the number stands in the model file, and the pieces of unigram depend on it"

# Whatever could lose a character is off, whatever could differ between machines is fixed.
LOSSLESS = {
    "byte_fallback": True,
    "normalization_rule_name": "identity",
    "add_dummy_prefix": False,
    "remove_extra_whitespaces": False,
    "allow_whitespace_only_pieces": True,
    "split_digits": True,
    "required_chars": SPACE_MARK,  # without that piece a space is spelt as U+2581 in bytes
}
FIXED = {
    "num_threads": N_THREADS,
    "input_format": "tsv",
    "max_sentence_length": 2**20,  # bytes; the words are far shorter
    "hard_vocab_limit": True,
    "minloglevel": ERRORS_ONLY,
}
SYMBOLS = {
    "pad_id": PAD_ID,
    "bos_id": BOS_ID,
    "eos_id": EOS_ID,
    "unk_id": UNK_ID,
    "control_symbols": list(CONTROL_SYMBOLS),
    "user_defined_symbols": list(WHOLE_PIECES),
}


def train_tokenizer(texts: Iterable[str], config: TokenizerConfig) -> bytes:
    """Return a SentencePiece model; the bytes depend on the words of ``texts`` and on ``config``.

    Neither the order of the texts, nor a path, nor a number of threads is in them: the words are
    fed sorted, through memory, and one thread works on them.

    Raises:
        ConfigError: the text does not yield that many pieces, or has more distinct characters than
            fit; the message names the nearest size that would do.
        InputError: there is no word to learn from.

    Reference:
        Sennrich et al. 2016 (arXiv:1508.07909), section 3.2, and Kudo 2018 (arXiv:1804.10959),
        section 3.2, as implemented by Kudo and Richardson 2018 (arXiv:1808.06226).
    """
    sizes: list[int] = []
    counts = count_words(_weigh(texts, sizes))
    rows = [f"{word}\t{counts[word]}" for word in sorted(counts)]
    return train_on_rows(lambda: iter(rows), sum(sizes), config)


def train_on_rows(
    rows: Callable[[], Iterator[str]], n_bytes: int, config: TokenizerConfig
) -> bytes:
    """Return what :func:`train_tokenizer` returns, from words that are counted already.

    Args:
        rows: gives the words, sorted, each with a tab and its count; called once a trial.
        n_bytes: size of the text in UTF-8, by which ``vocab_size: auto`` goes.
        config: the corpus' tokenizer section.

    Raises:
        ConfigError, InputError: as there.
    """
    if next(rows(), None) is None:
        raise InputError("expected text to learn a vocabulary from, found no word; add text")
    if config.vocab_size == "auto":
        return find_size(lambda size: _try_size(rows, size, config), n_bytes, config.max_vocab_size)
    found = _try_size(rows, config.vocab_size, config)
    if isinstance(found, Misfit):
        raise found.explain(config.vocab_size)
    return found


def _weigh(texts: Iterable[str], sizes: list[int]) -> Iterator[str]:
    """Yield the texts, noting their bytes in UTF-8."""
    for text in texts:
        sizes.append(len(text.encode("utf-8")))
        yield text


def _try_size(
    rows: Callable[[], Iterator[str]], size: int, config: TokenizerConfig
) -> bytes | Misfit:
    model = io.BytesIO()
    try:
        SentencePieceTrainer.train(
            sentence_iterator=rows(),
            model_writer=model,
            model_type=config.algorithm,
            vocab_size=size,
            character_coverage=config.character_coverage,
            **LOSSLESS,
            **SYMBOLS,
            **FIXED,
        )
    except RuntimeError as error:
        return Misfit.read(str(error))
    return model.getvalue()

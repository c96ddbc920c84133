"""Learn a vocabulary from text with SentencePiece."""

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from sentencepiece import SentencePieceTrainer

from alm.config import TokenizerConfig
from alm.errors import ConfigError, InputError
from alm.tokenizer.symbols import (
    BOS_ID,
    CONTROL_SYMBOLS,
    EOS_ID,
    PAD_ID,
    UNK_ID,
    WHOLE_PIECES,
)
from alm.tokenizer.words import SPACE_MARK, count_words

WHERE = "tokenizer.vocab_size in params.yaml (a corpus overrides it under corpora.<name>.tokenizer)"
SMALLEST = 320  # what the configuration admits
ERRORS_ONLY = 2

_TOO_LARGE = re.compile(r"Please set it to a value <= (\d+)")
_TOO_SMALL = re.compile(r"smaller than required_chars\. \d+ vs (\d+)")

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
    "num_threads": 1,  # stands in the model, and unigram's pieces depend on it
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
    counts = count_words(texts)
    if not counts:
        raise InputError("expected text to learn a vocabulary from, found no word; add text")
    model = io.BytesIO()
    try:
        SentencePieceTrainer.train(
            sentence_iterator=_rows(counts),
            model_writer=model,
            model_type=config.algorithm,
            vocab_size=config.vocab_size,
            character_coverage=config.character_coverage,
            **LOSSLESS,
            **SYMBOLS,
            **FIXED,
        )
    except RuntimeError as error:
        raise _explain(str(error), config) from None
    return model.getvalue()


def _rows(counts: Counter[str]) -> Iterator[str]:
    return (f"{word}\t{count}" for word, count in sorted(counts.items()))


def _explain(message: str, config: TokenizerConfig) -> ConfigError:
    """Turn what SentencePiece says about a size that does not fit into something to act on."""
    if found := _TOO_LARGE.search(message):
        cure = f", or set {found[1]} or less as {WHERE}" if int(found[1]) >= SMALLEST else ""
        return ConfigError(
            f"tokenizer.vocab_size is {config.vocab_size}, but this text yields at most "
            f"{found[1]} pieces; add text{cure}"
        )
    if found := _TOO_SMALL.search(message):
        return ConfigError(
            f"tokenizer.vocab_size is {config.vocab_size}, but the characters of this text need "
            f"{found[1]}; set that or more as {WHERE}, or lower tokenizer.character_coverage"
        )
    return ConfigError(f"SentencePiece cannot train with these parameters: {message}")

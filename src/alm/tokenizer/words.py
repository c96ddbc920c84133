"""Text as counted words: what a tokenizer is trained from."""

import re
from collections import Counter
from collections.abc import Iterable

SPACE_MARK = "\u2581"  # SentencePiece writes a space as this
UNKNOWN_MARK = "\u2585"  # SentencePiece skips a whole line that holds this one
MAX_WORD = 1024

_SPACES = f" {{0,{MAX_WORD}}}"
_LETTERS = f"[^ \t\n{SPACE_MARK}{UNKNOWN_MARK}]{{1,{MAX_WORD}}}"
_WORD = re.compile(f"{_SPACES}{_LETTERS}| {{1,{MAX_WORD}}}")


def count_words(texts: Iterable[str]) -> Counter[str]:
    r"""Count the stretches of text inside which pieces may be learnt.

    A word is a run of spaces with the run of other characters behind it, or a run of spaces at the
    end of a line. That is where SentencePiece cuts a sentence itself when whitespace is kept, so
    counting first gives the same model as feeding the text line by line, and it removes three
    traps:

    * a newline stays what it is (a piece of its own), where feeding lines would lose it and feeding
      documents would make one "sentence" of each;
    * nothing is skipped for its length: a line of any length is a matter of its words, and a word
      over ``MAX_WORD`` characters, such as a picture in base64, is cut;
    * memory and training time grow with the distinct words, not with the text.

    The two characters that SentencePiece uses as marks of its own end a word and are part of none.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(_WORD.findall(text))
    return counts

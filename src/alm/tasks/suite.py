"""The questions of each task: the same for every model, so that figures can be compared."""

from collections.abc import Callable, Iterator
from functools import partial

from alm.corpus.sources.synthetic.draws import Draws, key_of
from alm.tasks.likelihood import Sheet
from alm.tasks.orders import pose_copy, pose_reverse, pose_sort
from alm.tasks.question import Question
from alm.tasks.recall import pose_recall
from alm.tasks.sums import pose_sum
from alm.tokenizer import Tokenizer

SEED = 1  # of the suite, not of a preset
TRIES = 4  # times as many questions are drawn at most, to find some that fit the context
Pose = Callable[[Draws], Question]
QUESTIONS: dict[str, dict[str, Pose]] = {  # task -> row of the report -> what poses its questions
    "copy": {"copy": pose_copy},
    "reverse": {"reverse": pose_reverse},
    "sort": {"sort": pose_sort},
    "arithmetic": {f"arithmetic_{n}": partial(pose_sum, n_digits=n) for n in (1, 2, 3)},
    "recall": {"recall": pose_recall},
}


def draws_of(row: str, number: int) -> Draws:
    """Return the numbers that one question of a row is made of."""
    return Draws.of_document(key_of(SEED, f"tasks/{row}"), number)


def pose(
    row: str, make: Pose, tokenizer: Tokenizer, n: int, seq_len: int
) -> list[tuple[Question, Sheet]]:
    """Return the first ``n`` questions of a row that the model can see whole; fewer if few fit."""
    fitting = _fitting(row, make, tokenizer, TRIES * n, seq_len)
    return [each for each, _ in zip(fitting, range(n), strict=False)]


def _fitting(
    row: str, make: Pose, tokenizer: Tokenizer, tries: int, seq_len: int
) -> Iterator[tuple[Question, Sheet]]:
    for number in range(tries):
        question = make(draws_of(row, number))
        sheet = Sheet.of(question, tokenizer)
        if sheet.n_tokens <= seq_len:
            yield question, sheet

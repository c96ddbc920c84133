"""Echoes: nearly the same text, and exactly as true."""

import re

import pytest

from alm.corpus.sources.synthetic.draws import Draws
from alm.corpus.sources.synthetic.echoes import KINDS, echo
from alm.corpus.sources.synthetic.passage import Passage
from alm.corpus.sources.synthetic.reader import TASKS

SEEDS = range(400)


@pytest.fixture(scope="module", params=sorted(TASKS))
def pairs(request):
    originals = [TASKS[request.param](Draws(seed)) for seed in SEEDS]
    return [(each, echo(each, Draws(seed + 1))) for seed, each in enumerate(originals)]


def words(text):
    return re.findall(r"[A-Za-z]+", text)


def test_echo_differs_in_at_most_a_few_words(pairs):
    for original, other in pairs:
        assert other.text != original.text
        if len(words(original.text)) == len(words(other.text)):
            changed = {
                (x, y)
                for x, y in zip(words(original.text), words(other.text), strict=True)
                if x != y
            }
            assert 1 <= len(changed) <= 3
        else:
            assert other.text.endswith(original.text)


def test_numbers_stay(pairs):
    for original, other in pairs:
        assert re.findall(r"\d+", original.text) == re.findall(r"\d+", other.text)


def test_question_and_answer_still_fit_the_text(pairs):
    for _, other in pairs:
        if "prompt" in other.truth:
            assert other.text.startswith(other.truth["prompt"] + "\n")
            assert other.text.endswith(f"Answer: {other.truth['answer']}.")


def test_answer_is_still_among_the_facts(pairs):
    for _, other in pairs:
        if "sign" not in other.truth and "prompt" in other.truth:
            assert other.truth["answer"] in other.truth["prompt"]


def test_word_is_exchanged_for_one_of_its_kind_with_the_same_article():
    padding = " ".join(f"w{chr(97 + i)}x" for i in range(26)) + " " + "qz " * 40  # of no kind
    original = Passage(f"There was an old kite on an amber table. {padding}", {})

    for seed in SEEDS:
        other = words(echo(original, Draws(seed)).text)
        for before, after in zip(words(original.text), other, strict=True):
            assert before == after or after in KINDS[before]
            assert (before[0] in "aeiou") == (after[0] in "aeiou")


def test_text_without_such_words_gets_a_lead():
    original = Passage("2 * 3 = 6", {"prompt": "2 * 3"})

    other = echo(original, Draws(1))

    assert other.text.endswith(": 2 * 3 = 6") or other.text.endswith(". 2 * 3 = 6")
    assert other.text.startswith(other.truth["prompt"])

"""Near duplicates: a text again, with a few of its words exchanged for others of their kind."""

import re
from collections import Counter

from alm.corpus.sources.synthetic.draws import Draws
from alm.corpus.sources.synthetic.passage import Passage
from alm.corpus.sources.synthetic.words import WORDS

WORD = re.compile(r"[A-Za-z]+")
WORDS_PER_CHANGE = 40  # of the text; at most three words are exchanged
SHINGLE_WORDS = 5  # that one exchange changes, as near-duplicates are commonly looked for
MUCH = 9  # a change of more than one shingle in so many takes the Jaccard similarity below 0.8
# Kinds whose words can stand for each other in any sentence of the corpus.
LISTS = "girl boy pet_name species job trait thing colour look food animal plant flower bird"
LISTS += " softly glad sad scared number town_name container"
SYNONYMS = (
    ("Compute", "Calculate", "Evaluate", "Determine"),
    ("Write", "Note", "Put"),
    ("larger", "bigger", "greater"),
    ("Together", "Altogether"),
    ("Start", "Begin"),
    ("Remember", "Memorise"),
    ("facts", "statements"),
)
LEADS = ("Task: ", "Exercise: ", "Please read on. ", "Next one: ", "And now: ")


def _by_kind() -> dict[str, tuple[str, ...]]:
    """Return the words that may take a word's place, by word."""
    kinds: dict[str, tuple[str, ...]] = {}
    for group in (*(WORDS[name] for name in LISTS.split()), *SYNONYMS):
        single = tuple(word for word in group if WORD.fullmatch(word))
        kinds.update({word: single for word in single if word not in kinds})
    return kinds


KINDS = _by_kind()


def echo(original: Passage, draws: Draws) -> Passage:
    """Return a near duplicate: words exchanged, or where there are none for that, a lead put first.

    Every other text that is too short to be alike with a word exchanged gets a lead as well, so
    that short ones are planted on both sides of what counts as a duplicate.

    A word is exchanged wherever it stands, in the prompt and the answer too, so what was true of
    the text stays true.
    """
    counts = Counter(WORD.findall(original.text))
    others = {word: _others(word, counts) for word in counts if word in KINDS}
    rare = min((counts[word] for word in others if others[word]), default=0)
    if rare * SHINGLE_WORDS * MUCH > counts.total() and draws.below(2):
        return _lead(original, draws.pick(LEADS))
    words = [word for word in others if others[word] and counts[word] == rare]
    n_changes = min(1 + counts.total() // WORDS_PER_CHANGE, 3, len(words))
    changes: dict[str, str] = {}
    for word in draws.sample(words, n_changes):
        if free := [other for other in others[word] if other not in changes.values()]:
            changes[word] = draws.pick(free)
    return _exchange(original, changes) if changes else _lead(original, draws.pick(LEADS))


def _others(word: str, counts: Counter[str]) -> list[str]:
    """Return words for a word's place: new to the text, and taking the same article."""
    return [
        other
        for other in KINDS[word]
        if not {other, other.capitalize()} & counts.keys() and _vowel(other) == _vowel(word)
    ]


def _exchange(original: Passage, changes: dict[str, str]) -> Passage:
    def exchange(text: str) -> str:
        return WORD.sub(lambda match: changes.get(match[0], match[0]), text)

    truth = dict(original.truth)
    truth.update({key: exchange(truth[key]) for key in ("prompt", "answer") if key in truth})
    return Passage(exchange(original.text), truth)


def _lead(original: Passage, lead: str) -> Passage:
    truth = dict(original.truth)
    if "prompt" in truth:
        truth["prompt"] = lead + truth["prompt"]
    return Passage(lead + original.text, truth)


def _vowel(word: str) -> bool:
    return word[0] in "aeiouAEIOU"

"""Facts, then a question about one of them, to see whether a reader can look back."""

from dataclasses import dataclass

from alm.corpus.sources.synthetic.draws import Draws
from alm.corpus.sources.synthetic.passage import Passage
from alm.corpus.sources.synthetic.words import WORDS, with_article

NAMES = WORDS["girl"] + WORDS["boy"]
LEADS = (
    "Remember this.",
    "Here are some facts.",
    "Read the list.",
    "This is what we know.",
    "Learn these lines by heart.",
    "Look at the notes.",
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fact: how it is stated, and how it is asked for."""

    keys: tuple[str, ...]
    values: tuple[str, ...]
    fact: str
    question: str
    reverse: str | None
    """Asks for the key by the value."""


PRICES = tuple(str(price) for price in range(11, 100))
CODES = tuple(str(number) for number in range(1000, 10000, 7))
KINDS = (
    Kind(
        NAMES,
        WORDS["town_name"],
        "{k} lives in {v}.",
        "Where does {k} live?",
        "Who lives in {v}?",
    ),
    Kind(
        tuple(f"the {colour} {box}" for colour in WORDS["colour"] for box in WORDS["container"]),
        tuple(map(with_article, WORDS["thing"])),
        "In {k} there is {v}.",
        "What is in {k}?",
        "What holds {v}?",
    ),
    Kind(
        NAMES,
        WORDS["food"],
        "{k} likes {v} best.",
        "What does {k} like best?",
        "Who likes {v} best?",
    ),
    Kind(
        NAMES,
        tuple(map(with_article, WORDS["job"])),
        "{k} is {v}.",
        "What is the work of {k}?",
        "Who is {v}?",
    ),
    Kind(WORDS["thing"], CODES, "{k}: {v}", "Which number stands next to {k}?", None),
    Kind(
        NAMES,
        CODES,
        "The telephone number of {k} is {v}.",
        "What is the telephone number of {k}?",
        "Whose telephone number is {v}?",
    ),
    Kind(
        tuple(f"the {thing}" for thing in WORDS["thing"]),
        PRICES,
        "For {k} you pay {v} coins.",
        "How many coins do you pay for {k}?",
        None,
    ),
    Kind(
        NAMES,
        WORDS["skill"],
        "{k} has learned to {v}.",
        "What has {k} learned?",
        "Who has learned to {v}?",
    ),
    Kind(
        tuple(f"the {animal}" for animal in WORDS["animal"]),
        WORDS["wild_spot"] + WORDS["town_spot"],
        "You will find {k} {v}.",
        "Where will you find {k}?",
        None,
    ),
)


def state_facts(draws: Draws) -> Passage:
    """Return three to eight facts of one kind, a question about one, and its answer.

    Keys differ from each other, and so do values: there is one right answer.
    """
    kind = draws.pick(KINDS)
    n_facts = draws.between(3, 8)
    keys, values = draws.sample(kind.keys, n_facts), draws.sample(kind.values, n_facts)
    pairs = tuple(zip(keys, values, strict=True))
    key, value = draws.pick(pairs)
    question, answer = kind.question.format(k=key), value
    if kind.reverse and draws.chance(1, 3):
        question, answer = kind.reverse.format(v=value), key
    lines = [kind.fact.format(k=k, v=v) for k, v in pairs]
    prompt = "\n".join([draws.pick(LEADS), *lines, f"Question: {question}"])
    return Passage(f"{prompt}\nAnswer: {answer}.", {"prompt": prompt, "answer": answer})

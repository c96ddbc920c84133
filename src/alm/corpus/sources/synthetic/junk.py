"""What nobody wants in a corpus, so that cleaning and filters have something to find."""

from alm.corpus.sources.synthetic.draws import Draws
from alm.corpus.sources.synthetic.passage import Passage
from alm.corpus.sources.synthetic.words import WORDS

SPAM = (
    "CLICK HERE to win a free {thing}!!! ",
    "Buy cheap {thing} online now $$$ ",
    "Subscribe for more {thing} deals -> ",
    "{thing} {thing} {thing} best price ",
)
TAGS = ("div", "span", "td", "li", "a", "p")


def make_junk(draws: Draws) -> Passage:
    """Return a text without use: noise, spam, a dump of numbers, markup or binary."""
    kind = draws.pick(tuple(KINDS))
    return Passage(KINDS[kind](draws), {"junk": kind})


def _noise(draws: Draws) -> str:
    return "".join(chr(draws.between(33, 126)) for _ in range(draws.between(80, 300)))


def _spam(draws: Draws) -> str:
    line = draws.pick(SPAM).format(thing=draws.pick(WORDS["thing"]))
    return (line * draws.between(5, 20)).strip()


def _dump(draws: Draws) -> str:
    rows = (f"{draws.bits():016x} {draws.bits():016x}" for _ in range(draws.between(4, 16)))
    return "\n".join(rows)


def _markup(draws: Draws) -> str:
    tags = (draws.pick(TAGS) for _ in range(draws.between(10, 40)))
    return "".join(f'<{tag} class="x{draws.below(1000)}"></{tag}>' for tag in tags)


def _binary(draws: Draws) -> str:
    """Return characters a quarter of which are controls, so that cleaning sets them aside."""
    return "".join(chr(draws.below(128)) for _ in range(draws.between(80, 300)))


KINDS = {"noise": _noise, "spam": _spam, "dump": _dump, "markup": _markup, "binary": _binary}

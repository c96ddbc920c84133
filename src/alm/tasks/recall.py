"""Key and value: four facts, and a question about one, in the words of the synthetic corpus."""

from alm.corpus.sources.synthetic.draws import Draws
from alm.corpus.sources.synthetic.recall import KINDS, LEADS
from alm.tasks.question import OPTIONS, Question


def pose_recall(draws: Draws) -> Question:
    """State as many facts as there are options and ask for the value of one key.

    The wrong answers are the values of the other keys, so that only whoever looks at the key can
    tell. The keys are drawn anew: what a model remembers of its training text does not help.
    """
    kind = draws.pick(KINDS)
    keys, values = draws.sample(kind.keys, OPTIONS), draws.sample(kind.values, OPTIONS)
    facts = [kind.fact.format(k=k, v=v) for k, v in zip(keys, values, strict=True)]
    asked = draws.below(OPTIONS)
    lines = [draws.pick(LEADS), *facts, f"Question: {kind.question.format(k=keys[asked])}"]
    return Question(
        prompt="\n".join([*lines, "Answer:"]),
        answer=f" {values[asked]}.",
        others=tuple(f" {value}." for i, value in enumerate(values) if i != asked),
        chance=1 / OPTIONS,
    )

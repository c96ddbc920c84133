"""Ways to ask for a sum: bare, in words, and as a little tale with the same numbers."""

from alm.corpus.sources.synthetic.draws import Draws
from alm.corpus.sources.synthetic.words import WORDS

PLAIN = {
    "+": (
        "Compute {a} + {b}.",
        "What is {a} + {b}?",
        "Add {a} and {b}.",
        "Calculate the sum of {a} and {b}.",
    ),
    "-": (
        "Compute {a} - {b}.",
        "What is {a} - {b}?",
        "Subtract {b} from {a}.",
        "Calculate the difference of {a} and {b}.",
    ),
    "*": (
        "Compute {a} * {b}.",
        "What is {a} * {b}?",
        "Multiply {a} by {b}.",
        "Calculate the product of {a} and {b}.",
    ),
    "/": (
        "Compute {a} / {b}.",
        "What is {a} / {b}?",
        "Divide {a} by {b}.",
        "How many times does {b} go into {a}?",
    ),
    ">": (
        "Which is larger, {a} or {b}?",
        "Find the larger of {a} and {b}.",
        "Compare {a} with {b}. Which one is more?",
        "Which number is greater: {a} or {b}?",
    ),
}
TALES = {
    "+": (
        "{who} has {a} {things} and finds {b} more. How many {things} are there now?",
        "{who} sold {a} {things} on Monday and {b} on Tuesday. How many {things} is that?",
        "There are {a} {colour} {things} and {b} {colour2} ones. How many are there in all?",
        "{who} walks {a} steps to the {job} and {b} steps home. How many steps is that?",
    ),
    "-": (
        "{who} had {a} {things} and lost {b} of them. How many {things} are left?",
        "A {job} baked {a} {food} and sold {b}. How many {food} were not sold?",
        "{who} has {a} {things}. {who2} has {b} fewer. How many does {who2} have?",
        "Of {a} {colour} {things}, {b} fell into the water. How many stayed dry?",
    ),
    "*": (
        "There are {b} boxes with {a} {things} each. How many {things} are there?",
        "{who} buys {b} bags of {a} {things}. How many {things} is that?",
        "One {thing} costs {a} coins. What do {b} of them cost?",
        "{who} reads {a} pages a day. How many pages is that in {b} days?",
    ),
    "/": (
        "{who} shares {a} {things} among {b} friends. How many does each one get?",
        "{a} {things} are packed into {b} boxes. How many go into each box?",
        "{b} of them cost {a} coins. What does one {thing} cost?",
        "A {job} works {a} hours in {b} weeks. How many hours a week is that?",
    ),
    ">": (
        "{who} has {a} {things} and {who2} has {b}. What is the larger number?",
        "A {thing} costs {a} coins here and {b} there. What is the higher price?",
        "The {job} counted {a} {things}, then {b}. Which count was higher?",
        "One sack holds {a} {things}, another {b}. What does the fuller one hold?",
    ),
}
BAKED = ("buns", "pancakes", "biscuits", "dumplings", "waffles", "muffins", "rolls", "tarts")
PLURALS = tuple(
    f"{thing}s" for thing in WORDS["thing"] if not thing.endswith(("s", "x", "sh", "ch", "f", "y"))
)


def ask(draws: Draws, sign: str, a: int, b: int) -> str:
    """Return a question for two numbers: in two cases of three a plain one."""
    if draws.chance(2, 3):
        return draws.pick(PLAIN[sign]).format(a=a, b=b)
    who, who2 = draws.sample(WORDS[draws.pick(("girl", "boy"))], 2)
    colour, colour2 = draws.sample(WORDS["colour"], 2)
    things = draws.pick(PLURALS)
    return draws.pick(TALES[sign]).format(
        a=a,
        b=b,
        who=who,
        who2=who2,
        colour=colour,
        colour2=colour2,
        things=things,
        thing=things.removesuffix("s"),
        food=draws.pick(BAKED),
        job=draws.pick(WORDS["job"]),
    )

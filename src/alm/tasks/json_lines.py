"""JSON: lines of objects that the model goes on with, and whether what it writes can be parsed."""

from collections.abc import Sequence
from dataclasses import replace

from alm.config import SampleConfig
from alm.corpus.sources.synthetic.draws import Draws
from alm.corpus.sources.synthetic.words import WORDS
from alm.infer import Engine, Request
from alm.io import parse_json

N_SHOTS = 2
MAX_NEW_TOKENS = 24
OPEN = '{"name": "'
END = "\n"


def pose_object(draws: Draws) -> str:
    """Return two objects, a line each, and the beginning of a third."""
    names = draws.sample(WORDS["girl"] + WORDS["boy"], N_SHOTS)
    lines = [f'{OPEN}{name}", "age": {draws.between(1, 99)}}}{END}' for name in names]
    return "".join([*lines, OPEN])


def fits(prompt: str, engine: Engine) -> bool:
    """Whether the context has room for a prompt and for all that may be said."""
    return 1 + len(engine.tokenizer.encode(prompt)) + MAX_NEW_TOKENS <= engine.seq_len


def go_on(engine: Engine, prompts: Sequence[str], config: SampleConfig, seed: int) -> list[bool]:
    """Sample what follows each prompt up to the end of the line; return whether it is an object.

    What does not end within ``MAX_NEW_TOKENS`` is none.
    """
    limited = replace(config, max_new_tokens=MAX_NEW_TOKENS)
    requests = [
        Request(prompt=prompt, config=limited, seed=seed, sequence=i, stop=(END,))
        for i, prompt in enumerate(prompts)
    ]
    said = engine.complete(requests)
    return [each.finish_reason == "stop" and is_object(OPEN + each.text) for each in said]


def is_object(text: str) -> bool:
    """Whether a text is one JSON object, strictly: no key twice, no NaN."""
    try:
        return isinstance(parse_json(text), dict)
    except ValueError:
        return False

"""Symbols with a meaning of their own, and the ids that they have in every alm vocabulary.

Ids 0 to 3 are the specials, 4 to 35 the control symbols below in this order; then come newline,
tab, the 256 bytes, and what was learnt. Names and order are part of every trained model: a spare
symbol that gets a meaning keeps its name, and nothing is ever put in between.

All of them are *control* symbols to SentencePiece: no text encodes to one, whatever is typed, so a
document that spells ``<|assistant|>`` cannot open a turn. They enter a sequence by id alone.
"""

PAD_ID, BOS_ID, EOS_ID, UNK_ID = range(4)
SPECIALS = ("<pad>", "<s>", "</s>", "<unk>")

N_CONTROL = 32

_NAMED = {
    "<|system|>": "opens a turn that sets the rules",
    "<|user|>": "opens a turn of the person",
    "<|assistant|>": "opens a turn of the model",
    "<|tool|>": "opens a turn that answers a tool call",
    "<|end|>": "closes a turn; the model says it to stop",
    "<|tools|>": "opens the list of tools that may be called",
    "<|/tools|>": "closes that list",
    "<|tool_call|>": "opens a call, written as canonical JSON",
    "<|/tool_call|>": "closes a call",
    "<|tool_result|>": "opens what a call returned",
    "<|/tool_result|>": "closes what a call returned",
    "<|think|>": "opens reasoning that is not part of the answer",
    "<|/think|>": "closes reasoning",
}
_SPARE = {
    f"<|reserved_{i}|>": "has no meaning yet; a later stage may give it one"
    for i in range(N_CONTROL - len(_NAMED))
}

CONTROL_SYMBOLS: dict[str, str] = {**_NAMED, **_SPARE}
"""Control symbol -> what it is for, in the order of their ids."""

CONTROL_IDS: dict[str, int] = {
    symbol: len(SPECIALS) + i for i, symbol in enumerate(CONTROL_SYMBOLS)
}

WHOLE_PIECES = ("\n", "\t")
"""Characters that are a piece each and never part of a longer one (*user-defined* symbols)."""

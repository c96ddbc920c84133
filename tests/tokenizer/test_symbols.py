"""Symbols: their number and their ids are part of every trained model."""

from alm.tokenizer.symbols import (
    BOS_ID,
    CONTROL_IDS,
    CONTROL_SYMBOLS,
    EOS_ID,
    PAD_ID,
    SPECIALS,
    UNK_ID,
)


def test_specials_have_the_first_ids():
    assert (PAD_ID, BOS_ID, EOS_ID, UNK_ID) == (0, 1, 2, 3)
    assert SPECIALS == ("<pad>", "<s>", "</s>", "<unk>")


def test_control_symbols_are_32_behind_the_specials():
    assert list(CONTROL_IDS) == list(CONTROL_SYMBOLS)
    assert list(CONTROL_IDS.values()) == list(range(4, 36))


def test_roles_tools_and_thinking_have_a_symbol_and_some_are_spare():
    for symbol in ("system", "user", "assistant", "tool", "end", "tool_call", "think", "/think"):
        assert f"<|{symbol}|>" in CONTROL_IDS
    assert sum(symbol.startswith("<|reserved_") for symbol in CONTROL_IDS) >= 8


def test_every_symbol_says_what_it_is_for():
    assert all(CONTROL_SYMBOLS.values())

"""Cuts: only where SentencePiece joins nothing, and none for a model that does more than join."""

import numpy as np
import pytest
from sentencepiece import SentencePieceProcessor

from alm.tokenizer.cuts import find_cuts, keep_words, why_uncuttable
from alm.tokenizer.model_proto import Kind, Piece, Settings, read_pieces, read_settings

SOUND = Settings(
    is_bpe=True,
    has_byte_fallback=True,
    rewrites_characters=False,
    adds_prefix=False,
    removes_spaces=False,
    escapes_spaces=True,
)


def may_cut(cuts, text):
    first, second = text.encode()
    return bool(cuts[256 * first + second])


def test_pair_inside_a_piece_is_kept_together():
    cuts = find_cuts([Piece("abc", -1, Kind.NORMAL), Piece("\n#", 0, Kind.USER_DEFINED)])

    assert not any(may_cut(cuts, pair) for pair in ("ab", "bc", "\n#"))
    assert all(may_cut(cuts, pair) for pair in ("ba", "ac", "ca", "#\n"))


def test_space_in_a_piece_is_a_space_or_a_mark_in_a_text():
    cuts = find_cuts([Piece("\u2581a", -1, Kind.NORMAL), Piece("\u2581\u2581", -2, Kind.NORMAL)])

    assert not any(cuts[256 * x + y] for x in (0x20, 0x81) for y in b"a")
    assert not any(cuts[256 * x + y] for x in (0x20, 0x81) for y in (0x20, 0xE2))
    assert may_cut(cuts, "a ")


def test_character_is_never_cut():
    cuts = find_cuts([]).reshape(256, 256)

    assert not cuts[:, 0x80:0xC0].any()
    assert cuts[:, :0x80].all()
    assert cuts[:, 0xC0:].all()


@pytest.mark.parametrize("kind", [Kind.CONTROL, Kind.UNKNOWN, Kind.BYTE])
def test_piece_that_no_text_matches_joins_nothing(kind):
    assert np.array_equal(find_cuts([Piece("<s>", 0, kind)]), find_cuts([]))


def test_words_are_cut_before_spaces_and_around_line_ends():
    words = keep_words(find_cuts([Piece("\u2581a", -1, Kind.NORMAL)]))

    assert all(may_cut(words, pair) for pair in ("a ", "a\n", "\na", "\n\n", "\ta", "\n "))
    assert not any(may_cut(words, pair) for pair in (" a", "  ", "ab", "a."))


def test_parts_have_the_ids_of_the_whole(model, make_fuzz):
    reference, cuts = SentencePieceProcessor(model_proto=model), find_cuts(read_pieces(model))
    n_cuts = 0

    for text in make_fuzz(100):
        data = text.encode()
        for i in range(1, len(data)):
            if cuts[256 * data[i - 1] + data[i]]:
                n_cuts += 1
                parts = reference.encode([data[:i].decode(), data[i:].decode()])
                assert parts[0] + parts[1] == reference.encode(text)

    assert n_cuts > 1000


def test_settings_of_ours_are_sound(model):
    assert read_settings(model) == SOUND
    assert why_uncuttable(read_pieces(model), SOUND) is None


@pytest.mark.parametrize("field", SOUND._fields)
def test_each_setting_that_matters_is_objected_to(field):
    changed = SOUND._replace(**{field: not getattr(SOUND, field)})

    assert isinstance(why_uncuttable([], changed), str)


@pytest.mark.parametrize(
    ("piece", "reason"),
    [
        (Piece("ab", -1, Kind.UNUSED), "unused"),
        (Piece("ab", float("nan"), Kind.NORMAL), "no number"),
    ],
)
def test_piece_that_other_text_reaches_is_objected_to(piece, reason):
    assert reason in why_uncuttable([piece], SOUND)

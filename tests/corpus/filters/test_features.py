"""features: the same as a slow reading, character by character, whatever lies beside a text."""

import re
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alm.corpus.filters import FEATURES, hashing, measure
from alm.corpus.filters import texts as texts_module

STOP_WORDS = {"the", "be", "to", "of", "and", "that", "have", "with"}
PHRASES = ["javascript", "terms of use", "privacy policy", "cookie policy"]
PHRASES += ["uses cookies", "use of cookies", "use cookies"]
SMALL, BIG = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LATIN = [(0xC0, 0x24F), (0x1E00, 0x1EFF)]
NO_LETTERS = [(0x80, 0xBF), (0x2000, 0x2BFF), (0x3000, 0x303F), (0xE000, 0xF8FF)]
NO_LETTERS += [(0xFE00, 0xFE6F), (0xFF00, 0xFF0F), (0x1F000, 0x1FFFF)]

PIECES = st.sampled_from(
    [
        "the",
        "that",
        "a",
        "a b",
        "Word.",
        '"Yes!"',
        "wait...",
        "\u2026",
        "#",
        "# ",
        "- x",
        "\u2022 y",
    ]
    + ["\n", "\n\n", "\n \n", " ", "\t", "<b>", "</p>\n", "<", ">", "{", "0xA3f", "x1y2", "é", "Ж"]
    + ["漢字", "\U0001f600", "\u00a0", "lorem ipsum", "JavaScript", "use cookies", "1 2 3 4 5 6 7."]
)
TEXT = st.lists(PIECES | st.text(max_size=3).map(lambda s: s.encode("utf-8", "replace").decode()))
TEXT = TEXT.map("".join)


def share(part, whole):
    return part / max(whole, 1)


def split(text):
    return [word for word in re.split("[ \t\r\n]+", text) if word]


def kind(char):
    for name, members in (("small", SMALL), ("big", BIG), ("digit", "0123456789")):
        if char in members:
            return name
    return None


def is_letter(char):
    return kind(char) in ("small", "big") or ord(char) >= 128


def lower(text):
    return "".join(SMALL[BIG.index(char)] if char in BIG else char for char in text)


def later(items):
    """Whether an equal one stands before each."""
    return [item in items[:i] for i, item in enumerate(items)]


def top(words, n, total):
    counts = Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))
    sizes = [(times, sum(map(len, run))) for run, times in counts.items() if times > 1]
    times, characters = max(sizes, default=(0, 0))
    return min(share(times * characters, total), 1.0)


def duplicate(words, n, total):
    runs = [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]
    inside = {i + k for i, known in enumerate(later(runs)) if known for k in range(n)}
    return share(sum(len(words[i]) for i in inside), total)


def sentences(line):
    words = split(line)
    if len(words) < 3 or max(map(len, words)) > 1000 or line[-1] not in ".?!\"'":
        return 0
    if line.endswith("...") or any(phrase in lower(line) for phrase in PHRASES):
        return 0
    ends = (re.search(r"""[.?!]["')\]]?$""", word) for word in words)
    return max(sum(map(bool, ends)), 1)


def tags(text):
    """Characters of tags, spaces aside: each from a ``<`` to the next mark, if that is a ``>``."""
    found = [each[0] for each in re.finditer("<[^<>]*>", text)]
    return "".join(tag for tag in found if tag[1] in SMALL + BIG + "/!?")


def latin(text):
    def among(char, ranges):
        return any(low <= ord(char) <= high for low, high in ranges)

    letters = [c for c in text if is_letter(c) and not among(c, NO_LETTERS)]
    ours = [c for c in letters if ord(c) < 128 or among(c, LATIN)]
    return share(len(ours), len(letters)) if letters else 1.0


def n_bytes(text):
    return len(text.encode())


def read_slowly(text):
    words = split(text)
    total = sum(map(len, words))
    lines = [line.strip(" \t\r") for line in text.split("\n")]
    lines = [line for line in lines if line]
    paragraphs = [p for p in re.split(r"\n[ \t\r]*(?:\n[ \t\r]*)+", text) if split(p)]
    line_keys, paragraph_keys = [[split(each) for each in all_] for all_ in (lines, paragraphs)]
    plain = [word for word in words if word.isascii()]
    pairs = [(kind(a), kind(b)) for a, b in pairwise(text) if kind(a) and kind(b)]
    jumbled = [pair for pair in pairs if pair[0] != pair[1] and pair != ("big", "small")]
    ellipses = len(re.findall(r"\.{3,}", text)) + text.count("\u2026")

    def characters(keys):
        return sum(sum(map(len, key)) for i, key in enumerate(keys) if key in keys[:i])

    def of_lines(test):
        return share(sum(map(bool, map(test, lines))), len(lines))

    return {
        "words": len(words),
        "mean_word_length": share(total, len(words)),
        "symbols_per_word": share(max(text.count("#"), ellipses), len(words)),
        "alphabetic_words": share(sum(any(map(is_letter, w)) for w in words), len(words)),
        "stop_words": len(set(words) & STOP_WORDS),
        "letters": share(sum(n_bytes(c) for c in text if is_letter(c)), n_bytes(text)),
        "digits": share(sum(c in "0123456789" for c in text), n_bytes(text)),
        "white_space": share(sum(c in " \t\r\n" for c in text), n_bytes(text)),
        "lines": len(lines),
        "bullet_lines": of_lines(lambda line: line[0] in "-\u2022"),
        "ellipsis_lines": of_lines(lambda line: line.endswith(("...", "\u2026"))),
        "punctuated_lines": of_lines(lambda line: line[-1] in ".?!\"'\u2019\u201d\u2026。！？"),
        "short_lines": of_lines(lambda line: len(line) <= 30),
        "newlines_per_word": share(text.count("\n"), len(words)),
        "duplicate_lines": share(sum(later(line_keys)), len(lines)),
        "duplicate_line_characters": share(characters(line_keys), total),
        "duplicate_paragraphs": share(sum(later(paragraph_keys)), len(paragraphs)),
        "duplicate_paragraph_characters": share(characters(paragraph_keys), total),
        **{f"top_{n}gram_characters": top(words, n, total) for n in (2, 3, 4)},
        **{f"duplicate_{n}gram_characters": duplicate(words, n, total) for n in range(5, 11)},
        "sentences": sum(map(sentences, lines)),
        "curly_brackets": text.count("{"),
        "lorem_ipsum": lower(text).count("lorem ipsum"),
        "latin_letters": latin(text),
        "ascii_word_length": share(sum(map(len, plain)), len(plain)),
        "jumbled_pairs": len(jumbled) / (len(pairs) + 16),
        "tag_characters": share(
            n_bytes("".join(split("".join(tags(text))))), n_bytes("".join(words))
        ),
    }


def assert_equal(features, texts):
    for i, text in enumerate(texts):
        for name, value in read_slowly(text).items():
            assert features[name][i] == pytest.approx(value, abs=1e-6), (name, text)


def test_slow_reading_knows_every_feature():
    assert list(read_slowly("one")) == list(FEATURES)


@settings(max_examples=100)
@given(st.lists(TEXT, max_size=4))
@example(["a...b ... c....", "...", "#\u2026", "\u2026"])
@example(["<b", "a> <c>", "<", "/x>", "<i>\n</i >"])
@example(["a b\n\n\na b\n \t\na  b", "a b\na\tb", "a b a b a b a b a b a b a b a b"])
@example(["", " \n", "x"])
def test_features_equal_a_slow_reading(texts):
    assert_equal(measure(texts, FEATURES), texts)


def test_features_of_real_text_equal_a_slow_reading(real_texts):
    assert_equal(measure(real_texts, FEATURES), real_texts)


def test_neighbours_change_no_bit(real_texts):
    together = measure(real_texts, FEATURES)

    for i, text in enumerate(real_texts):
        alone = measure([text], FEATURES)
        assert all(alone[name][0] == together[name][i] for name in FEATURES)


def test_text_longer_than_a_block_is_measured_whole(monkeypatch, real_texts):
    whole = measure(real_texts, FEATURES)
    for module in (hashing, texts_module):
        monkeypatch.setattr(module, "BLOCK", 64)

    cut = measure(real_texts, FEATURES)

    assert all(np.array_equal(whole[name], cut[name]) for name in FEATURES)


def test_time_grows_no_faster_than_text():
    # Each would take hours if any feature looked at pairs of words, lines or marks.
    for unit in ("a", "a ", "a b c d e f\n", "<", "<a>", ".", "@", "\n", "é", "lorem ipsum "):
        measure([unit * (300_000 // len(unit))], FEATURES)


def test_no_text_has_no_features():
    assert all(len(values) == 0 for values in measure([], FEATURES).values())

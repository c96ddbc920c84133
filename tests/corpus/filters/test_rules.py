"""rules: limits are met to the digit, and the first one that is broken is named."""

from dataclasses import fields, replace

import pytest

from alm.corpus.filters import FEATURES, Breach, Rule, judge, list_rules, measure

WITH_LIMITS = ("coherent", "gopher_quality", "gopher_repetition", "c4", "fineweb", "script")
STORY = """\
The old woman lived with her cat in a small house at the edge of the wood. Every morning they
walked to the river, and the cat looked at the fish while she washed the clothes that she had
brought. One day a boy came and asked for bread. She had to think of what was left, and gave him
half of it. The boy thanked her and went on his way.
"""
SPAM = "Buy cheap kites online now $$$ " * 8
CODE = """\
def find(items, wanted):
    for i, item in enumerate(items):
        if item == wanted:
            return i
    return -1
"""
GOOD = {
    "story": STORY,
    "code": CODE,
    "sum": "Compute 27 + 58.\n20 + 50 = 70\n7 + 8 = 15\n70 + 15 = 85\nAnswer: 85.",
    "one word": "Yes.",
    "a number": "42",
    "Chinese": "春眠不覺曉,處處聞啼鳥。夜來風雨聲,花落知多少。" * 2,
    "Russian": "Мороз и солнце; день чудесный!",
    "Thai": "ภาษาไทยเป็นภาษาที่มีระดับเสียงของคำแน่นอนหรือวรรณยุกต์เช่นเดียวกับภาษาจีน",
    "page": "<html><body><p>There was once a king who had three sons.</p></body></html>",
    "table": "1 x 1 = 1\n1 x 2 = 2\n1 x 3 = 3\n2 x 1 = 2\n2 x 2 = 4\n2 x 3 = 6",
    "verse": "Row, row, row your boat,\nGently down the stream.\n" * 2,
    "diff": "-    return a1\n+    return a2\n",
}
BAD = {
    "noise": "x$F9}k~Q2w^Lr@7vN+z&Hs8!pJd*Y4mC%tB6(gU1eX[aR;oW0iS]fT3:qE5|uG?yD'bK",
    "spam": SPAM,
    "dump": "\n".join(f"{i * 0x9E3779B97F4A7C15 % 2**64:016x}" for i in range(1, 9)),
    "markup": '<div class="x1"></div><td class="x22"></td>' * 3,
    "base64": "TG9yZW0gaXBzdW0gZG9sb3Igc2l0IGFtZXQsIGNvbnNlY3RldHVyIGFkaXBpc2NpbmcgZWxpdC4=",
}


def reason(text, rules):
    (breach,) = judge([text], rules)
    return breach and breach.reason


def test_every_field_of_every_set_is_a_limit_on_a_feature(config):
    rules = list_rules(config, WITH_LIMITS)

    assert {rule.feature for rule in rules} <= set(FEATURES)
    assert len(rules) == sum(len(fields(getattr(config, name))) for name in WITH_LIMITS)


def test_rules_stand_in_one_order_however_a_recipe_lists_them(config):
    rules = list_rules(config, ["script", "pii", "coherent"])

    assert rules == list_rules(config, ["coherent", "script"])
    assert [rule.rule_set for rule in rules] == ["coherent"] * 4 + ["script"]


@pytest.mark.parametrize("name", GOOD)
def test_good_text_of_any_kind_is_coherent(name, config):
    assert reason(GOOD[name], list_rules(config, ["coherent"])) is None


@pytest.mark.parametrize("name", BAD)
def test_junk_is_not_coherent(name, config):
    assert reason(BAD[name], list_rules(config, ["coherent"])).startswith("coherent:")


@pytest.mark.parametrize("name", ["gopher_quality", "gopher_repetition", "c4", "fineweb", "script"])
def test_prose_passes_the_rules_for_prose(name, config):
    text = STORY.replace("\n", " ") if name == "c4" else STORY

    assert reason(text, list_rules(config, [name])) is None


@pytest.mark.parametrize(
    ("rule_set", "text", "feature"),
    [
        ("gopher_quality", "Too short.", "words"),
        ("gopher_quality", "a b c d e " * 20, "mean_word_length"),
        ("gopher_quality", "#tag " * 60, "symbols_per_word"),
        ("gopher_quality", "- the cats that jumped around\n" * 20, "bullet_lines"),
        ("gopher_quality", STORY + "the end ...\n" * 3, "ellipsis_lines"),
        ("gopher_quality", "the 1234 that 5678 " * 20, "alphabetic_words"),
        ("gopher_quality", "cats chase small birds " * 20, "stop_words"),
        ("gopher_repetition", "one line\n" * 9, "duplicate_lines"),
        ("gopher_repetition", "one\ntwo\nthree\n\nline\n\nline", "duplicate_paragraphs"),
        ("gopher_repetition", f"{STORY}{STORY[:200]}", "duplicate_line_characters"),
        ("gopher_repetition", "ab cd ab cd ab cd", "top_2gram_characters"),
        ("gopher_repetition", STORY.replace("\n", " ") * 2, "duplicate_5gram_characters"),
        ("c4", "if (a) { return b; }", "curly_brackets"),
        ("c4", "Lorem ipsum dolor sit amet.", "lorem_ipsum"),
        ("c4", "One two three. Four five six.", "sentences"),
        ("fineweb", "no mark at its end\n" * 9, "punctuated_lines"),
        ("fineweb", "a.\nb.\nc.", "short_lines"),
        ("fineweb", "This line is longer than thirty.\n" * 2, "duplicate_line_characters"),
        ("script", "Жук жужжит", "latin_letters"),
    ],
)
def test_broken_rule_is_the_reason(rule_set, text, feature, config):
    assert reason(text, list_rules(config, [rule_set])) == f"{rule_set}:{feature}"


def test_limit_itself_passes(config):
    words = measure([STORY], ["words"])["words"][0]
    at_limit = replace(config.gopher_quality, min_words=int(words), max_words=int(words))
    exact = replace(config, gopher_quality=at_limit)
    above = replace(config, gopher_quality=replace(at_limit, max_words=int(words) - 1))

    assert reason(STORY, list_rules(exact, ["gopher_quality"])) is None
    assert judge([STORY], list_rules(above, ["gopher_quality"])) == [
        Breach("gopher_quality:words", words, words - 1)
    ]


def test_first_broken_rule_is_named_for_each_text_alone(config):
    rules = [Rule("a", "words", 2, True), Rule("b", "digits", 0.1, False)]

    found = judge(["1", "one two", "1 2 3"], rules)

    assert [breach and breach.reason for breach in found] == ["a:words", None, "b:digits"]


def test_without_rules_everything_passes():
    assert judge(["", SPAM], ()) == [None, None]

"""Samples: what was given is told from what was said, and neither becomes markup."""

from xml.etree import ElementTree

import pytest

from alm.report.samples import samples_html, samples_markdown


def sample(prompt="Once", greedy=" upon", sampled=" more"):
    said = {"tokens": 12, "finish_reason": "length", "copied_tokens": 5}
    return {
        "prompt": prompt,
        "greedy": {**said, "text": greedy},
        "sampled": {**said, "text": sampled},
    }


def test_prompt_and_continuation_are_apart():
    root = ElementTree.fromstring(samples_html([sample()]))

    first = next(p for p in root.iter("p"))
    assert first.find("b").get("class") == "prompt"
    assert (first.find("b").text, first.find("span").text) == ("Once", " upon")


def test_each_prompt_is_continued_in_both_ways():
    root = ElementTree.fromstring(samples_html([sample(), sample("Twice")]))

    assert [b.text for b in root.findall("figure/figcaption/b")] == ["greedy", "sampled"] * 2


def test_copied_run_is_told():
    assert "12 tokens, longest copied run 5" in samples_html([sample()])
    assert "12 tokens, longest copied run 5" in samples_markdown([sample()])


@pytest.mark.parametrize("evil", ["<script>alert(1)</script>", "</p><img src=x>", "\x00\x1b[2J&"])
def test_text_cannot_become_markup(evil):
    written = samples_html([sample(evil, evil, evil)])

    root = ElementTree.fromstring(written)
    assert {each.tag for each in root.iter()} <= {"div", "figure", "figcaption", "b", "p", "span"}
    assert "\x00" not in written


@pytest.mark.parametrize("text", ["```", "a ````` b", "`", "plain"])
def test_fence_outlasts_every_run_of_backticks(text):
    block = samples_markdown([sample(greedy=text)]).split("\n\n")[1].splitlines()

    assert block[0] == block[-1] + "text"
    assert block[-1] not in block[1]
    assert set(block[-1]) == {"`"}


def test_line_breaks_are_kept_and_those_around_trimmed():
    assert "```text\n  a\n\nb\n```" in samples_markdown([sample(greedy="\n  a\n\nb\n\n")])


def test_prompt_in_markdown_stays_on_its_line():
    written = samples_markdown([sample("a\n# b | *c*")])

    assert written.startswith("**After \N{LEFT DOUBLE QUOTATION MARK}a # b \\| \\*c\\*")


def test_no_prompt_no_sample():
    assert samples_markdown([]) == ""
    ElementTree.fromstring(samples_html([]))

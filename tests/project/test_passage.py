from difflib import SequenceMatcher

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.corpus.shingles import shingle_texts
from alm.errors import ConfigError
from alm.io import canonical_json
from alm.project.passage import SHINGLE_WORDS, Passage

TEXTS = st.text(st.sampled_from('ab" \\\n\t\x01/\xe9\u2028\U0001f600n'), max_size=30)


@pytest.mark.parametrize("text", ["", "  \n ", "1234567", "   1234567   "])
def test_too_little_to_look_for_is_refused(text):
    with pytest.raises(ConfigError, match="at least 8 characters, found [07]; write TEXT="):
        Passage.of(text)


def test_bytes_that_are_no_utf_8_are_refused():
    with pytest.raises(ConfigError, match="in UTF-8"):
        Passage.of("a caf\udce9 in Paris")


@given(before=TEXTS, passage=TEXTS, after=TEXTS)
def test_whatever_stands_in_a_text_stands_in_its_line(before, passage, after):
    text = before + passage + after
    line = canonical_json({"text": text}).encode()

    for form in Passage(passage).forms:
        if passage:
            assert list(form.lines(line)) == [(0, len(line))]
            assert form.text.search(text)


def test_spaces_are_as_good_as_line_ends_in_the_second_form_only():
    exact, loose = Passage("the red  fox").forms
    text = "See the\n\n\tred fox."

    assert not exact.text.search(text)
    assert loose.text.search(text)[0] == "the\n\n\tred fox"
    assert list(loose.lines(canonical_json(text).encode()))


def test_a_passage_of_one_word_has_one_form():
    assert len(Passage("constitution").forms) == 1


def test_lines_are_found_once_each_with_their_ends():
    (form,) = Passage("fox").forms
    block = b"a fox, a fox\nnothing\nfox"

    assert [block[slice(*line)] for line in form.lines(block)] == [b"a fox, a fox\n", b"fox"]


@given(st.text(st.sampled_from("aZ_0 .-\n\xe9\u4e2d\x80"), max_size=40))
def test_words_are_those_that_shingles_are_made_of(text):
    words = Passage(text).words

    assert len(words) == shingle_texts([text.encode()], 1).counts[0]


@given(
    ours=st.lists(st.sampled_from("abc"), min_size=1, max_size=14),
    theirs=st.lists(st.sampled_from("abc"), max_size=20),
)
def test_overlap_is_that_of_a_slow_comparison(ours, theirs):
    passage = Passage(" ".join(ours))
    n = min(SHINGLE_WORDS, len(ours))

    found = passage.overlap(" ".join(theirs).encode())

    shingles = {tuple(theirs[k : k + n]) for k in range(len(theirs) - n + 1)}
    starts = [i for i in range(len(ours) - n + 1) if tuple(ours[i : i + n]) in shingles]
    longest = SequenceMatcher(None, ours, theirs, autojunk=False).find_longest_match().size
    assert found.n_words == len(ours)
    assert found.n_covered == len({i + k for i in starts for k in range(n)})
    assert found.longest == (longest if longest >= n else 0)


def test_longest_run_is_pointed_to():
    text = "Eins zwei, die \xe4lteste FUCHS-Art lief weit. Ende"
    passage = Passage("die \xe4lteste fuchs art lief weit weg")

    start, stop = passage.overlap(text.encode()).span

    assert text.encode()[start:stop].decode() == "die \xe4lteste FUCHS-Art lief weit"


def test_a_passage_of_few_words_is_compared_as_a_whole():
    assert Passage("red foxes").overlap(b"He saw Red, foxes and hens").longest == 2
    assert Passage("red foxes").overlap(b"He saw red hens and foxes").longest == 0

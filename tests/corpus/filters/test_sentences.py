"""sentences: those that C4 would leave of a page."""

import pytest

from alm.corpus.filters import measure


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("One two three. Four five!", 2),
        ('He said "no way." And left.', 2),
        ("No full stop here", 0),
        ("Too short.", 0),
        ("This one trails off...", 0),
        ("You must enable JavaScript to see this.", 0),
        ("This page uses cookies. Read on.\nBut this line stays.", 1),
        (f"One {'x' * 1001} word is too long.", 0),
        (f"One {'x' * 1000} word is not.", 1),
        ('Ends with a quote"', 1),
        ("", 0),
    ],
)
def test_sentences_of_kept_lines_are_counted(text, n):
    assert list(measure([text, "One two three."], ["sentences"])["sentences"]) == [n, 1]

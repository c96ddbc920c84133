"""count_seen_bytes: long lines that training has too, and only those."""

from alm.eval.seen import LEAST_BYTES, count_seen_bytes

LONG = b"a line that is long enough to be no accident"


def test_a_long_line_of_the_training_text_counts_with_its_bytes():
    held_out = [LONG + b"\nsomething else entirely, found nowhere else", b"nothing of it here"]

    assert count_seen_bytes(held_out, [b"before\n" + LONG + b"\nafter"]) == [len(LONG), 0]


def test_indentation_does_not_hide_a_line():
    assert count_seen_bytes([b"    " + LONG], [LONG + b"  "]) == [len(LONG)]


def test_a_short_line_is_shared_by_chance():
    short = b"x" * (LEAST_BYTES - 1)

    assert count_seen_bytes([short], [short]) == [0]
    assert count_seen_bytes([short + b"x"], [short + b"x"]) == [LEAST_BYTES]


def test_what_every_file_says_is_not_counted():
    common = b"        return None\n    def __init__(self):"

    assert count_seen_bytes([common], [common]) == [0]


def test_part_of_a_line_is_not_that_line():
    assert count_seen_bytes([LONG], [LONG + b" and more of it"]) == [0]


def test_each_occurrence_in_the_held_out_text_counts():
    assert count_seen_bytes([LONG + b"\n" + LONG], [LONG]) == [2 * len(LONG)]

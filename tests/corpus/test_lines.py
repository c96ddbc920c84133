"""LineWriter: canonical lines, and no file after an error."""

import pytest

from alm.corpus.lines import LineWriter


def test_equal_values_give_equal_lines(tmp_path):
    with LineWriter(tmp_path / "a") as writer:
        writer.write_line({"b": "é\u2028", "a": 1})
        writer.write_line({"a": 1, "b": "é\u2028"})

    assert (tmp_path / "a").read_bytes() == b'{"a":1,"b":"\xc3\xa9\xe2\x80\xa8"}\n' * 2


def test_error_leaves_no_file_of_that_name(tmp_path):
    with pytest.raises(ValueError, match="not JSON"), LineWriter(tmp_path / "a") as writer:
        writer.write_line(1)
        writer.write_line(float("nan"))

    assert not (tmp_path / "a").exists()

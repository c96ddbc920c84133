"""ProgressLine: plain lines where there is no terminal."""

import pytest

from alm.runtime.console import ProgressLine


def test_last_step_is_always_said(capsys):
    with ProgressLine("train", total=10) as line:
        line.update(10, ["loss 1.0", "lr 0.1"])

    assert "train 10/10 (100%) loss 1.0  lr 0.1" in capsys.readouterr().out


def test_steps_in_quick_succession_share_a_line(capsys):
    with ProgressLine("train", total=1000) as line:
        for step in range(1, 100):
            line.update(step, [])

    assert capsys.readouterr().out.count("\n") <= 1


def test_messages_are_printed_as_they_are(capsys):
    with ProgressLine("train", total=2) as line:
        line.say("[bold] is no markup here")

    assert capsys.readouterr().out == "[bold] is no markup here\n"


FIGURES = ["loss 2.0000", "val 1.2500", "12,345 tok/s", "lr 0.0061", "10.52 GB", "MFU 41.2%"]


@pytest.mark.parametrize(("columns", "shown"), [(60, 1), (80, 3), (100, 4), (120, 6)])
def test_a_terminal_shows_the_bar_the_times_and_the_figures_there_is_room_for(
    monkeypatch, capsys, columns, shown
):
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
    monkeypatch.setenv("COLUMNS", str(columns))
    line = ProgressLine("pretrain", total=100)

    line.update(42, FIGURES)
    line._console.print(line._progress.get_renderable())

    drawn = capsys.readouterr().out.rstrip("\n")
    assert "\n" not in drawn
    assert all(each in drawn for each in ["42%", "0:00:00", "eta", "-:--:--", *FIGURES[:shown]])
    assert not any(each in drawn for each in FIGURES[shown:])

"""ProgressLine: plain lines where there is no terminal."""

from alm.runtime.console import ProgressLine


def test_last_step_is_always_said(capsys):
    with ProgressLine("train", total=10) as line:
        line.update(10, "loss 1.0")

    assert "train 10/10 (100%) loss 1.0" in capsys.readouterr().out


def test_steps_in_quick_succession_share_a_line(capsys):
    with ProgressLine("train", total=1000) as line:
        for step in range(1, 100):
            line.update(step, "")

    assert capsys.readouterr().out.count("\n") <= 1


def test_messages_are_printed_as_they_are(capsys):
    with ProgressLine("train", total=2) as line:
        line.say("[bold] is no markup here")

    assert capsys.readouterr().out == "[bold] is no markup here\n"

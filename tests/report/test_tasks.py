"""Tasks: each figure beside its interval and its chance, in tables."""

from dataclasses import replace

from alm.report import render_card, render_page
from alm.report.tasks import tasks


def rows(table):
    return {
        row[0]: [value.replace("\N{NO-BREAK SPACE}", " ") for value in row[1:]]
        for row in table.rows
    }


def with_tasks(found, **changed):
    facts = {**found.evaluate["tasks"], **changed}
    left = {name: each for name, each in facts.items() if each is not None}
    return replace(found, evaluate={**found.evaluate, "tasks": left})


def test_every_figure_stands_beside_its_interval_and_its_chance(found):
    answers, _ = tasks(found)

    assert rows(answers)["copy"] == [
        "50",
        "60.0 % (50.0 % to 70.0 %)",
        "4.0 %",
        "90.0 % (80.0 % to 100.0 %)",
        "25.0 %",
        "60.0 % (50.0 % to 70.0 %)",
        "90.0 % (80.0 % to 100.0 %)",
        "98.0 % (88.0 % to 108.0 %)",
        "0.0 %",
    ]
    assert rows(answers)["recall"][-1] == "\N{EN DASH}"


def test_arithmetic_is_told_by_number_of_digits(found):
    answers, _ = tasks(found)

    assert list(rows(answers))[:2] == ["arithmetic (1 digit)", "arithmetic (2 digits)"]


def test_json_has_no_wrong_answers_to_prefer(found):
    answers, _ = tasks(found)

    said = ["12", "25.0 % (15.0 % to 35.0 %)", "0.0 %"]
    assert rows(answers)["valid JSON"] == said + ["\N{EN DASH}"] * 6


def test_what_samples_repeat_stands_beside_held_out_text(found):
    _, repeats = tasks(found)

    assert repeats.caption.startswith("What 12 samples repeat, 384 tokens in all")
    assert rows(repeats)["distinct tokens"] == ["0.400", "0.450"]
    assert rows(repeats)["repeated runs of 4 tokens"] == ["5.0 %", "1.0 %"]
    assert rows(repeats)["end in a loop"][0] == "25.0 % (15.0 % to 35.0 %)"


def test_rows_are_as_long_as_the_head(found):
    for table in tasks(found):
        assert {len(row) for row in table.rows} == {len(table.columns)}


def test_question_that_fits_no_context_has_no_figure(found):
    nothing = {"value": None, "interval": None}
    unasked = {"exact": {**nothing, "chance": None}, "choice": {**nothing, "chance": 0.25}}
    unasked |= {"n": 0, "seen": None, "int8": dict.fromkeys(("exact", "choice", "same"), nothing)}
    found = with_tasks(found, questions={"sort": unasked})

    assert rows(tasks(found)[0])["sort"][:3] == ["0", "\N{EN DASH}", "\N{EN DASH}"]
    assert "None" not in render_page(found)


def test_only_what_was_asked_has_a_table(found):
    assert len(tasks(with_tasks(found, samples=None))) == 1
    assert len(tasks(with_tasks(found, questions=None, json=None))) == 1
    assert [len(table.rows) for table in tasks(with_tasks(found, questions=None))] == [1, 5]


def test_page_and_card_show_them_and_the_rule_and_neither_without_tasks(found):
    without = replace(found, evaluate={**found.evaluate, "tasks": {}})

    for render in (render_page, render_card):
        assert "Questions with known answers" in render(found)
        assert "exact: each token of the answer is the likeliest one." in render(found)
        assert "Questions with known answers" not in render(without)

"""Templates: paths into a row, and nothing that could do more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.config.template import parse_template, spell_path


@pytest.mark.parametrize(
    ("template", "pieces"),
    [
        ("{text}", (("text",),)),
        ("Q: {q}\nA: {a[0].text}", ("Q: ", ("q",), "\nA: ", ("a", 0, "text"))),
        ("{a.b.c}{d[10][2]}", (("a", "b", "c"), ("d", 10, 2))),
        ("{{{a}}} {{}}", ("{", ("a",), "}", " ", "{", "}")),
        ("{two words}{é-1}", (("two words",), ("é-1",))),
        ("{__class__}", (("__class__",),)),  # looked up in the row like any other name
    ],
)
def test_template_is_text_and_paths(template, pieces):
    assert parse_template(template) == pieces


@pytest.mark.parametrize(
    "template",
    [
        *("{}", "{ a: b}", "{a!r}", "{a:>10}", "{a[b]}", "{a[-1]}", "{a[]}", "{a.}", "{.a}"),
        *("{[0]}", "{a..b}", "{a[0]b}", "{a[1_0]}", "{a[\u0661]}", "{a[0000000001]}", "{a[0}"),
    ],
)
def test_field_that_is_more_than_a_path_is_refused(template):
    with pytest.raises(ValueError, match="expected a field as a path"):
        parse_template(template)


@pytest.mark.parametrize("template", ["{a", "a}", "{a}}", "}{", "{a{b}}"])
def test_single_brace_is_refused(template):
    with pytest.raises(ValueError, match="single"):
        parse_template(template)


@pytest.mark.parametrize("template", ["", "text", "{{text}}"])
def test_template_without_a_field_is_refused(template):
    with pytest.raises(ValueError, match="expected a field such as {text}"):
        parse_template(template)


NAME = st.text(st.characters(codec="utf-8", exclude_characters=".[]{}:!"), min_size=1)


@given(st.lists(NAME | st.integers(0, 999), min_size=1).map(tuple))
def test_path_is_spelt_as_it_is_parsed(path):
    path = ("row", *path)

    assert parse_template(f"{{{spell_path(path)}}}") == (path,)


@given(st.text(st.sampled_from("{}[]ab0.:!"), max_size=12))
def test_any_text_is_a_template_or_is_refused(text):
    try:
        pieces = parse_template(text)
    except ValueError:
        return
    spelt = [p if isinstance(p, str) else f"{{{spell_path(p)}}}" for p in pieces]
    assert "".join(spelt) == text.replace("{{", "{").replace("}}", "}")

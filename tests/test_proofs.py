"""What the documents name as proof is there: every test, every verb, every other page."""

import ast
import re
from pathlib import Path

import pytest

REPO = Path(__file__).parents[1]
PAGES = [REPO / "README.md", *sorted((REPO / "docs").glob("*.md"))]
PROMISES = REPO / "docs" / "reproducibility.md"
TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
VERB = re.compile(r"`?make ([a-z][a-z-]*)")
PAGE = re.compile(r"\]\(([^)#:]+)[^)]*\)|`(docs/[\w.-]+)`")


def functions_of(path):
    """Names of the functions of a module."""
    return {node.name for node in ast.walk(ast.parse(path)) if isinstance(node, ast.FunctionDef)}


def missing_tests(text, root=REPO):
    """Tests that a text names and that are not there."""
    for name, function in TEST.findall(text):
        path = root / name
        if not path.is_file():
            yield name
        elif function and function not in functions_of(path.read_text(encoding="utf-8")):
            yield f"{name}::{function}"


def commands_of(text):
    """What stands in code: between backticks, or in fenced blocks."""
    fenced = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    rest = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [*fenced, *re.findall(r"`([^`]+)`", rest)]


def missing_verbs(text):
    """Verbs that a text names and that the Makefile has not."""
    makefile = (REPO / "Makefile").read_text(encoding="utf-8")
    known = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    named = [verb for command in commands_of(text) for verb in VERB.findall(command)]
    return [verb for verb in named if verb not in known]


def missing_pages(path):
    """Other pages and files that a page leads to and that are not there."""
    for link, page in PAGE.findall(path.read_text(encoding="utf-8")):
        place = path.parent / link if link else REPO / page
        if not place.exists():
            yield link or page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_verb_and_page_that_is_named_is_there(page):
    text = page.read_text(encoding="utf-8")

    assert list(missing_tests(text)) == []
    assert missing_verbs(text) == []
    assert list(missing_pages(page)) == []


def test_every_promise_has_a_test():
    promises = PROMISES.read_text(encoding="utf-8").partition("## 1.")[2]
    rows = [line.split(" | ") for line in promises.splitlines() if line.startswith("| ")]
    rows = [row for row in rows if row[0] != "| promise"]

    assert len(rows) > 40
    assert [row for row in rows if len(row) != 3 or not TEST.search(row[1])] == []


def test_what_is_missing_is_found(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text("def test_b(): pass\n")
    text = "`tests/test_a.py`, `tests/test_a.py::test_b`, `tests/test_a.py::test_c`, `tests/x.py`"

    assert list(missing_tests(text, tmp_path)) == ["tests/test_a.py::test_c", "tests/x.py"]
    assert missing_verbs("`make dust`, `make test`, and make no noise") == ["dust"]
    assert missing_verbs("```sh\nmake ashes  # hot\n```\n") == ["ashes"]

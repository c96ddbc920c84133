"""House rules of names, sizes and texts: what a file is called, its length, what it never says."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

REPO = Path(__file__).parents[1]
SRC = REPO / "src" / "alm"
MODULES = sorted(SRC.rglob("*.py"))
SOURCES = [*MODULES, *sorted((REPO / "scripts").glob("*.py"))]
NO_MIRROR = {"__init__", "errors", "sections"}
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}
NEVER_SAID = {
    "work left over": re.compile(r"\b(TODO|FIXME|XXX)\b"),
    "a folder of somebody's own": re.compile(r"(?<![\w.~-])/(work|root|home/\w+|Users/\w+)/"),
    "a registry's host": re.compile(r"\bpypi\.(org|python)|pythonhosted"),
}


def place_of(path):
    return str(path.relative_to(REPO))


def long_functions(source):
    """Names of functions of 60 lines and more."""
    for node in ast.walk(ast.parse(source)):
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if is_function and node.end_lineno - node.lineno >= 60:
            yield node.name


def tracked_texts():
    """(name, text) of every file that Git tracks or would track, but this one."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    found = subprocess.run(command, cwd=REPO, check=True, capture_output=True, text=True)
    for name in sorted(set(found.stdout.split("\0")) - {"", place_of(Path(__file__))}):
        if (REPO / name).is_file():
            yield name, (REPO / name).read_text(encoding="utf-8", errors="replace")


def test_no_module_has_a_vague_name():
    assert [place_of(path) for path in SOURCES if path.stem in VAGUE] == []


def test_no_module_is_longer_than_300_lines():
    lengths = {place_of(path): len(path.read_text().splitlines()) for path in SOURCES}

    assert {name: length for name, length in lengths.items() if length > 300} == {}


def test_no_function_is_longer_than_60_lines():
    assert [(place_of(p), name) for p in SOURCES for name in long_functions(p.read_text())] == []


def test_every_module_has_its_mirror():
    places = [path.relative_to(SRC) for path in MODULES if path.stem not in NO_MIRROR]
    mirrors = [REPO / "tests" / place.with_name(f"test_{place.name}") for place in places]

    assert [place_of(mirror) for mirror in mirrors if not mirror.exists()] == []


@pytest.mark.parametrize("what", NEVER_SAID)
def test_no_file_holds(what):
    found = [
        f"{name}, line {text.count(chr(10), 0, match.start()) + 1}: {match[0]}"
        for name, text in tracked_texts()
        for match in NEVER_SAID[what].finditer(text)
    ]

    assert found == []


# --- the rules catch what they are for ------------------------------------------------------------


def test_function_of_60_lines_is_one_too_long():
    body = "    pass\n"

    assert list(long_functions("def f():\n" + 59 * body)) == []
    assert list(long_functions("def f():\n" + 60 * body)) == ["f"]
    assert list(long_functions("class A:\n    async def g(self):\n" + 60 * ("    " + body))) == [
        "g"
    ]


@pytest.mark.parametrize(
    ("what", "text", "is_said"),
    [
        ("work left over", "# TODO: later", True),
        ("work left over", "a mastodon", False),
        ("a folder of somebody's own", f"see {'/'.join(('', 'root', 'x'))}", True),
        ("a folder of somebody's own", f"{'/'.join(('', 'home', 'ann', 'x'))}", True),
        ("a folder of somebody's own", "build/work/x and ./root/x", False),
        ("a registry's host", f"https://{'.'.join(('pypi', 'org'))}/simple", True),
        ("a registry's host", "https://download.pytorch.org/whl/cpu", False),
    ],
)
def test_what_is_never_said_is_found(what, text, is_said):
    assert bool(NEVER_SAID[what].search(text)) == is_said

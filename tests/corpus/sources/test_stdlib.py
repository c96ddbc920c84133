"""StdlibReader: the running Python's text, read and never run."""

import inspect
import sysconfig
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm.config import StdlibSource
from alm.corpus.sources import Origin, Reject
from alm.corpus.sources.stdlib import StdlibReader, list_library
from alm.errors import InputError

SOURCE = StdlibSource(
    kind="stdlib",
    name="py",
    licence="PSF-2.0",
    filters=(),
    part="sources",
    tests=False,
    min_bytes=0,
)
MODULE = '''\
"""Say what it is for.

    Indented line.
"""
raise SystemExit("was run")
class Thing:
    """A thing."""
    def act(self):
        "Act."
async def wait(): """Wait."""
def silent(): pass
'''
TOPICS = 'topics = {"b": "Text of b\\n", "a": "Text " "of a"}\n'


@pytest.fixture
def library(tmp_path):
    """A little library with all that must be passed over."""
    files = {
        "module.py": MODULE,
        "package/__init__.py": '"""Package."""\n',
        "package/b.py": "x = 1\n",
        "pydoc_data/topics.py": TOPICS,
        "test/test_x.py": "tests = 1\n",
        "package/tests/y.py": "tests = 2\n",
        "site-packages/other.py": "other = 1\n",
        "dist-packages/other.py": "other = 1\n",
        "_sysconfigdata__linux.py": "build = '/home/me'\n",
        "config-3.11-x86_64/python-config.py": "build = 1\n",
        "sitecustomize.py": "site = 1\n",
        "notes.txt": "no Python\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def read(library, ingest_config):
    def read(part, **changes):
        origin = Origin(Path("unused"), 1, replace(ingest_config, max_doc_bytes=100_000))
        return StdlibReader(replace(SOURCE, part=part, **changes), origin, library)

    return read


def test_sources_are_the_librarys_own_files_in_order(read):
    assert [item.id for item in read("sources")] == [
        "module.py",
        "package/__init__.py",
        "package/b.py",
    ]


def test_tests_are_read_when_asked_for(read):
    names = [item.id for item in read("sources", tests=True)]

    assert names[-2:] == ["package/tests/y.py", "test/test_x.py"]


def test_docstrings_stand_under_their_dotted_names(read):
    module, package, _ = read("docstrings")

    assert module.text == (
        "module\n\nSay what it is for.\n\nIndented line.\n\n"
        "module.Thing\n\nA thing.\n\n"
        "module.Thing.act\n\nAct.\n\n"
        "module.wait\n\nWait.\n"
    )
    assert package.text == "package\n\nPackage.\n"


def test_topics_are_one_document_each(read):
    items = list(read("topics"))

    assert [(item.id, item.text) for item in items] == [
        ("pydoc_data/topics.py#a", "Text of a"),
        ("pydoc_data/topics.py#b", "Text of b\n"),
    ]


def test_docstrings_and_source_of_a_file_are_one_group(read):
    sources = {item.meta["path"]: item.meta["group"] for item in read("sources")}
    docstrings = {item.meta["path"]: item.meta["group"] for item in read("docstrings")}

    assert sources == docstrings
    assert len(set(sources.values())) == 3


def test_declared_encoding_is_honoured(read, library):
    (library / "a.py").write_bytes(b"# coding: latin-1\nname = 'caf\xe9'\n")
    (library / "b.py").write_bytes(b"\xef\xbb\xbfname = 'x'\n")

    texts = [item.text for item in read("sources")]

    assert texts[0].endswith("name = 'café'\n")
    assert texts[1] == "name = 'x'\n"


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"# coding: nonsense\n", "undecodable"), (b"x = '\xff'\n", "undecodable")],
)
def test_file_that_cannot_be_decoded_is_set_aside(read, library, data, reason):
    (library / "a.py").write_bytes(data)

    item = next(iter(read("sources")))

    assert isinstance(item, Reject)
    assert (item.place, item.reason) == ("a.py", reason)


@pytest.mark.parametrize("text", ["print 'old'", "(" * 3000, "\x00", "-" * 90_000 + "1"])
def test_file_that_is_not_this_pythons_syntax_has_no_docstrings(read, library, text):
    (library / "a.py").write_text(text)

    assert next(iter(read("docstrings"))).reason == "not_python"


def test_file_that_is_too_long_is_set_aside(read, library):
    (library / "a.py").write_text("#" * 100_001)

    assert next(iter(read("sources"))).reason == "too_long"


def test_topics_of_another_form_are_set_aside(read, library):
    (library / "pydoc_data" / "topics.py").write_text("raise SystemExit\n")

    (item,) = read("topics")

    assert item.reason == "not_topics"


def test_slim_python_is_told_what_to_do(read):
    with pytest.raises(InputError, match=r"at least 5,000 bytes .* found 211; .* slim.* full one"):
        list(read("sources", min_bytes=5000))


def test_facts_hold_the_tree_and_the_python(read, library):
    before = read("sources")
    digest = before.digest()
    (library / "package" / "b.py").write_text("x = 2\n")

    assert read("sources").digest() != digest
    facts = before.close([{"bytes": 1}, {"bytes": 2}])
    assert facts["files"] == 3
    assert facts["python"].startswith("CPython 3.")


def test_spans_read_in_turn_are_the_whole(read, library, monkeypatch):
    whole = list(read("docstrings"))

    monkeypatch.setattr("alm.corpus.sources.stdlib.SPAN_BYTES", 1)
    reader = read("docstrings")

    assert [(span.start, span.stop) for span in reader.spans()] == [(0, 1), (1, 2), (2, 3)]
    assert [item for span in reader.spans() for item in reader.read(span, {})] == whole


def test_little_text_in_all_spans_together_is_a_slim_python(read):
    with pytest.raises(InputError, match="found 30;"):
        read("sources", min_bytes=31).close([{"bytes": 10}, {"bytes": 20}])
    read("sources", min_bytes=30).close([{"bytes": 10}, {"bytes": 20}])


@given(data=st.binary() | st.text().map(str.encode))
def test_file_of_any_bytes_is_a_record_or_a_reject(tmp_path_factory, ingest_config, data):
    root = tmp_path_factory.mktemp("library")
    (root / "a.py").write_bytes(data)

    for part in ("sources", "docstrings"):
        reader = StdlibReader(
            replace(SOURCE, part=part), Origin(Path("unused"), 1, ingest_config), root
        )
        assert len(list(reader)) == 1


def test_the_running_python_has_its_topics_and_modules(ingest_config):
    root = Path(sysconfig.get_path("stdlib"))
    origin = Origin(Path("unused"), 1, replace(ingest_config, max_doc_bytes=1 << 24))

    topics = list(StdlibReader(replace(SOURCE, part="topics", min_bytes=300_000), origin))
    names = [file.name for file in list_library(root, tests=False, topics=False)]

    assert any(item.id.endswith("#assert") for item in topics)
    assert {"argparse.py", "json/decoder.py"} <= set(names)
    assert not any("site-packages" in name or "/test/" in name for name in names)


def test_docstrings_are_what_python_says_they_are(read, library):
    (library / "textwrap.py").write_text(inspect.getsource(textwrap))

    (item,) = [item for item in read("docstrings") if item.place == "textwrap.py"]

    assert item.text.startswith(f"textwrap\n\n{inspect.getdoc(textwrap).strip()}\n\n")
    assert f"textwrap.fill\n\n{inspect.getdoc(textwrap.fill).strip()}\n\n" in item.text

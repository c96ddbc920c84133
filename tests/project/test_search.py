import pytest

from alm.corpus import Document, read_documents
from alm.io import canonical_json
from alm.project.passage import Passage
from alm.project.search import (
    SHOWN,
    count_copies,
    find_kin,
    find_occurrences,
    rank_in_source,
)
from alm.work import unit

FILLER = "Nothing of any use stands in this document, whatever its number may be: "


def document(i, text, source="a", **meta):
    return Document(f"d{i}", source, text, meta)


@pytest.fixture
def corpus(tmp_path, fill_corpus, monkeypatch):
    """A corpus read in many pieces, of which every seventh document holds a fox."""
    monkeypatch.setattr(unit, "UNIT_BYTES", 500)
    texts = [
        FILLER + str(i) + ('\n"the red\tfox"' * (i % 3 + 1) if i % 7 == 0 else "")
        for i in range(90)
    ]
    train = [document(i, text, "ab"[i % 2]) for i, text in enumerate(texts)]
    return fill_corpus(tmp_path / "documents", train=train, val=[document(0, 'x "the red\tfox"')])


def test_every_document_is_counted_and_the_first_are_shown(corpus):
    found = find_occurrences(corpus, Passage('"the red\tfox"'))

    assert found.form == "word for word"
    assert found.n_docs == {("train", "a"): 7, ("train", "b"): 6, ("val", "a"): 1}
    assert [hit.document.id for hit in found.hits] == [f"d{7 * i}" for i in range(SHOWN)]
    assert [hit.n_times for hit in found.hits] == [7 * i % 3 + 1 for i in range(SHOWN)]
    for hit in found.hits:
        assert next(read_documents(corpus / "train.jsonl", hit.start)) == hit.document
        assert hit.document.text[slice(*hit.span)] == '"the red\tfox"'


def test_held_out_documents_are_told_from_those_trained_on(corpus):
    (hit,) = find_occurrences(corpus, Passage('x "the red')).hits

    assert (hit.split, hit.start) == ("val", 0)


def test_other_spaces_count_where_nothing_stands_as_it_was_typed(corpus):
    found = find_occurrences(corpus, Passage("the red  fox"))

    assert found.form == "but for spaces and line ends"
    assert found.n_docs.total() == 14


def test_a_line_that_holds_it_outside_its_text_is_no_hit(tmp_path, fill_corpus):
    train = [
        document(i, text, path="the red fox") for i, text in enumerate(["one", "the red foxes"])
    ]
    corpus = fill_corpus(tmp_path / "documents", train=train)

    assert [hit.document.id for hit in find_occurrences(corpus, Passage("the red fox")).hits] == [
        "d1"
    ]


def test_what_stands_nowhere_is_not_found(corpus):
    assert find_occurrences(corpus, Passage("the blue fox")) is None


def test_kin_are_ranked_by_what_they_cover(corpus, tmp_path, fill_corpus):
    passage = Passage("one two three four five six seven eight nine ten")
    train = [document(i, f"{FILLER}{i}") for i in range(40)]
    train[9] = document(9, "ONE two, three four five! And nothing else")
    train[30] = document(30, "\xe9 " + passage.text.replace("seven", "7").replace(" ", "\n"))
    train[31] = document(31, "three four five six seven eight nine ten " * 3)
    corpus = fill_corpus(tmp_path / "other", train=train, val=[document(0, "a b c d e f")])

    hits = find_kin(corpus, passage)

    assert [hit.document.id for hit in hits] == ["d31", "d30", "d9"]
    assert [(hit.overlap.n_covered, hit.overlap.longest) for hit in hits] == [
        (8, 8),
        (6, 6),
        (5, 5),
    ]
    assert next(read_documents(corpus / "train.jsonl", hits[1].start)) == hits[1].document
    assert hits[1].document.text[slice(*hits[1].span)] == "one\ntwo\nthree\nfour\nfive\nsix"


def test_no_more_kin_than_can_be_shown_and_of_equals_the_first(corpus):
    hits = find_kin(corpus, Passage("in this document, whatever its number may not be"))

    assert [hit.document.id for hit in hits] == [f"d{i}" for i in range(SHOWN)]


def test_saying_the_same_again_makes_no_closer_kin(tmp_path, fill_corpus):
    passage = Passage("one two three four five six seven eight")
    train = [document(i, "one two three four five six") for i in range(SHOWN)]
    train.insert(0, document(99, "four five six seven eight " * 9))
    corpus = fill_corpus(tmp_path / "documents", train=train)

    assert "d99" not in [hit.document.id for hit in find_kin(corpus, passage)]


def test_a_passage_without_words_has_no_kin(corpus):
    assert find_kin(corpus, Passage("==========")) == []


def test_rank_counts_documents_of_the_same_source_only(corpus):
    hits = find_occurrences(corpus, Passage('"the red\tfox"')).hits

    assert [rank_in_source(corpus, hit) for hit in hits] == [7 * i // 2 for i in range(SHOWN)]


def test_a_text_that_speaks_of_sources_is_not_counted(tmp_path, fill_corpus):
    train = [document(i, ',"source":"a","text":') for i in range(3)]
    train.append(document(3, "the red fox", path='x","source":"a","text":"'))
    corpus = fill_corpus(tmp_path / "documents", train=train)

    (hit,) = find_occurrences(corpus, Passage("the red fox")).hits

    assert rank_in_source(corpus, hit) == 3


def test_copies_are_those_dropped_for_this_document_of_this_source(tmp_path):
    dups = tmp_path / "dups.jsonl"
    kept = [('d"1', "a"), ('d"1', "a"), ('d"1', "b"), ("d", "a"), ('d"1', "a")]
    lines = [
        {"dropped": f"x{i}", "dropped_source": "cb"[i % 2], "kept": name, "kept_source": source}
        for i, (name, source) in enumerate(kept)
    ]
    rest = {"kind": "near", "jaccard": 0.9}
    dups.write_text("".join(canonical_json({**line, **rest}) + "\n" for line in lines))

    assert count_copies(dups, Document('d"1', "a", "", {})) == {"c": 2, "b": 1}
    assert count_copies(dups, Document("e", "a", "", {})) == {}

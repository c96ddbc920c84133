import shutil

import pytest

from alm.corpus import Document
from alm.errors import ConfigError, IntegrityError
from alm.io import Manifest, canonical_json
from alm.project.blame import blame, excerpt

TEXT = "Once upon a time there was a red fox who asked for a pot of soup."


@pytest.fixture
def documents():
    first = Document(
        "n1", "notes", f"{TEXT}\x1b[31m It ran away.", {"path": "notes.jsonl", "line": 17}
    )
    second = Document("s1", "stories", "Another tale, of a blue hen who had no soup at all.", {})
    return [first, second]


@pytest.fixture
def built(project, fill_corpus, documents):
    held_out = [Document("v1", "stories", "A hen was held out of everything.", {})]
    corpus = project / "build" / "corpora" / "synthetic"
    (corpus / "dedup").mkdir(parents=True)
    copy = {"dropped": "s7", "dropped_source": "stories", "kept": "n1", "kept_source": "notes"}
    rest = {"kind": "near", "jaccard": 0.9}
    (corpus / "dedup" / "dups.jsonl").write_text(canonical_json({**copy, **rest}) + "\n")
    dedup = Manifest.write(corpus / "dedup", "corpus.dedup", params={}, inputs={}, facts={})
    inputs = {"dedup": dedup.sha256}
    fill_corpus(corpus / "filter", inputs, train=documents, val=held_out)
    return project


@pytest.fixture
def trained(built, documents, pack_train, publish):
    corpus = built / "build" / "corpora" / "synthetic"
    tokens = [[1, *[5] * 30], [1] * 9]
    packed = pack_train(corpus / "packed", documents, tokens, corpus / "filter")
    publish(built / "build" / "models" / "tiny" / "pretrain", packed)
    return built


def test_a_passage_has_source_licence_and_place(built):
    told = blame("tiny", "a red fox who asked", built)

    assert "1 document holds it word for word in corpus synthetic (notes 1 in train):" in told
    assert "n1 of notes (notes-licence)" in told
    assert "notes.jsonl, line 17" in told
    assert "Once upon a time there was >>a red fox who asked<< for a pot of soup." in told


def test_copies_that_were_dropped_are_told_with_their_licence(built):
    told = blame("tiny", "a red fox who asked", built)

    assert "copies     dropped in its favour: 1 of stories (stories-licence)" in told
    assert "dropped in" not in blame("tiny", "of a blue hen who had", built)


def test_duplicates_of_another_text_are_not_told(built):
    dedup = built / "build" / "corpora" / "synthetic" / "dedup"
    Manifest.write(dedup, "corpus.dedup", params={"other": 1}, inputs={}, facts={})

    assert "dropped in" not in blame("tiny", "a red fox who asked", built)


def test_nothing_in_a_document_steers_the_terminal(built):
    assert "\x1b" not in blame("tiny", "for a pot of soup.", built)


def test_a_passage_of_no_document_is_answered_with_the_closest(built):
    told = blame("tiny", "There was a red fox who asked for a bowl of soup", built)

    assert "no document of corpus synthetic holds this passage; these share most" in told
    assert "9 of 12 words (75 %), 9 of them in a row" in told
    assert ">>there was a red fox who asked for a<< pot" in told


def test_a_passage_like_no_other_is_said_to_be_one(built):
    assert blame("tiny", "quantum chromodynamics on the lattice", built) == (
        "no document of corpus synthetic holds this passage, or anything like it"
    )


def test_a_held_out_document_was_never_trained_on(trained):
    assert "never: held out, not trained on" in blame("tiny", "A hen was held out", trained)


def test_before_there_is_a_model_nothing_was_read(built):
    assert "not yet: no model is built" in blame("tiny", "a red fox who asked", built)


def test_a_model_says_when_it_read_the_document(trained):
    told = blame("tiny", "a red fox who asked", trained)

    assert "read       by tiny, epoch 1: steps 1, 2; epoch 2: steps 2, 3; " in told


def test_a_model_of_other_text_does_not_know(trained, documents, pack_train):
    corpus = trained / "build" / "corpora" / "synthetic"
    shutil.rmtree(corpus / "packed")
    pack_train(corpus / "packed", documents, [[1, 6, 6], [1, 7, 2]], corpus / "filter")

    assert "unknown: " in blame("tiny", "a red fox who asked", trained)


def test_text_that_is_not_built_is_pointed_to(project):
    with pytest.raises(IntegrityError, match="build it with `make filter PRESET=tiny`"):
        blame("tiny", "a red fox who asked", project)


def test_damaged_text_is_not_searched(built):
    path = built / "build" / "corpora" / "synthetic" / "filter" / "val.jsonl"
    path.write_text(path.read_text().replace("hen", "fox"))

    with pytest.raises(IntegrityError, match=r"val\.jsonl"):
        blame("tiny", "a red fox who asked", built)


def test_a_mixture_of_hits_is_told_in_order(trained, documents):
    told = blame(
        "tiny",
        "of a blue hen who had, was a red fox who asked, a hen was held out of everything",
        trained,
    )

    first, second, third = (part.splitlines() for part in told.split("\n\n")[1:])
    assert (first[0][11:13], second[0][11:13], third[0][11:13]) == ("v1", "n1", "s1")
    assert "held out" in first[-1]
    assert all("by tiny" in part[-1] for part in (second, third))


def test_a_passage_too_short_is_refused(built):
    with pytest.raises(ConfigError, match="at least 8 characters"):
        blame("tiny", " a fox ", built)


@pytest.mark.parametrize(
    ("text", "span", "shown"),
    [
        ("the fox ran", (4, 7), "the >>fox<< ran"),
        ("the\n (fox), ran", (6, 9), "the (>>fox<<), ran"),
        ("fox", (0, 3), ">>fox<<"),
        ("a " * 99 + "fox" + " b" * 99, (198, 201), f"...{'a ' * 30}>>fox<<{' b' * 30}..."),
        ("x" * 500, (0, 500), f">>{'x' * 79}...{'x' * 78}<<"),
    ],
    ids=["inside", "between lines", "all", "far in", "long"],
)
def test_an_excerpt_shows_what_is_around(text, span, shown):
    assert excerpt(text, span) == shown


def test_a_document_behind_the_target_of_its_source_was_not_read(
    built, documents, pack_train, publish
):
    corpus = built / "build" / "corpora" / "synthetic"
    packed = pack_train(corpus / "packed", documents[1:], [[1] * 30], corpus / "filter")
    publish(built / "build" / "models" / "tiny" / "pretrain", packed)

    told = blame("tiny", "a red fox who asked", built)

    assert "never by tiny: its source had its target_tokens before it" in told


@pytest.mark.parametrize("passage", ["a red fox who asked", "quantum chromodynamics on a lattice"])
def test_weights_that_a_model_began_with_are_told(trained, publish, passage):
    corpus = trained / "build" / "corpora" / "synthetic"
    assert "starts from" not in blame("tiny", passage, trained)
    model = trained / "build" / "models" / "tiny" / "pretrain"
    shutil.rmtree(model)
    publish(model, corpus / "packed", init="own")

    told = blame("tiny", passage, trained)

    assert told.endswith("\n\ntiny starts from the weights of own: ask `make blame PRESET=own` too")


def test_a_damaged_model_is_told_where_readings_are(trained):
    (trained / "build" / "models" / "tiny" / "pretrain" / "manifest.json").write_text("{")

    assert "read       unknown: " in blame("tiny", "a red fox who asked", trained)

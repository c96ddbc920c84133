"""HubReader: datasets of Hugging Face, here from a folder and with no network."""

import json
import signal
import time
from dataclasses import replace
from multiprocessing import get_context

import pyarrow
import pyarrow.parquet
import pytest

from alm.config.recipe import HfSource
from alm.corpus.sources import Origin, Span
from alm.corpus.sources.hub import HubReader, SafeRows, _stream_and_leave, load_rows
from alm.errors import ConfigError, InputError

SOURCE = HfSource(
    kind="hf",
    name="hub",
    licence="x",
    filters=(),
    text_field="text",
    template=None,
    id_field=None,
    score_field=None,
    score_min=None,
    max_docs=None,
    target_tokens=None,
    bytes_per_token=None,
    path=".",
    config=None,
    split="train",
    revision=None,
    data_files=None,
)


@pytest.fixture
def read(folder, tmp_path, ingest_config):
    """Stream the folder; what was streamed before is found again."""

    def read(**changes):
        reader = HubReader(replace(SOURCE, **changes), Origin(folder, 1, ingest_config))
        return list(reader.read(Span(0, 1, tmp_path / "stream"), {}))

    return read


def write_parquet(path, rows):
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)


def test_parquet_of_a_snapshot_becomes_documents(take, folder):
    (folder / "snapshot").mkdir()
    (folder / "snapshot" / ".hidden").write_text("no part of it")
    answers = [{"text": "yes"}, {"text": "no"}]
    rows = [{"q": f"{i}?", "a": answers, "key": i, "score": i / 2} for i in range(8)]
    write_parquet(folder / "snapshot" / "b.parquet", rows[5:])
    write_parquet(folder / "snapshot" / "a.parquet", rows[:5])

    taken = take(
        replace(SOURCE, text_field=None, template="Question: {q}\nAnswer: {a[1].text}"),
        path="./snapshot",
        id_field="key",
        score_field="score",
        score_min=1.0,
        max_docs=7,
    )

    assert taken.ids == [f"{i}" for i in range(7)]
    assert taken.texts[6] == "Question: 6?\nAnswer: no"
    assert taken.documents[6].meta == {"row": 7, "score": 3.0}
    (source,) = taken.facts["sources"]
    assert (source["files"], source["score_min"], source["limit_reached"]) == (2, 1.0, "max_docs")


@pytest.fixture
def kill_midway(folder, tmp_path, ingest_config):
    """Begin to stream the folder, and kill the process once it has put two chunks down."""
    progress = tmp_path / "stream" / "progress.json"
    origin = Origin(folder, 1, ingest_config)

    def kill_midway():
        progress.parent.mkdir()
        process = get_context("spawn").Process(
            target=_stream_and_leave, args=(SOURCE, origin, progress.parent)
        )
        process.start()
        while not progress.exists() or json.loads(progress.read_text())["n_chunks"] < 2:
            assert process.is_alive()
            time.sleep(0.002)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        return json.loads(progress.read_text())

    return kill_midway


def test_killed_stream_goes_on_where_it_was(folder, tmp_path, read, kill_midway):
    texts = [f"text {i}" for i in range(30_000)]
    for number, shard in enumerate([texts[:1500], texts[1500:20_000], texts[20_000:]]):
        lines = [json.dumps({"text": text}) + "\n" for text in shard]
        (folder / f"{number}.jsonl").write_text("".join(lines))

    killed = kill_midway()
    chunks = sorted((tmp_path / "stream").glob("chunk-*.jsonl"))[: killed["n_chunks"]]
    inodes = [chunk.stat().st_ino for chunk in chunks]

    assert killed["n_rows"] < 30_000
    assert [item.text for item in read()] == texts
    assert [chunk.stat().st_ino for chunk in chunks] == inodes


def test_field_that_no_row_has_is_told_from_the_other_process(folder, read):
    (folder / "a.csv").write_text("body,n\n" + "x,1\n" * 100)

    with pytest.raises(ConfigError, match=r"none of the first 51 .* body \(a string\), n \(an int"):
        read()


def test_dataset_that_cannot_be_opened_is_told_with_what_to_look_at(folder, read):
    (folder / "a.csv").write_text("text\nx\n")

    with pytest.raises(InputError, match=r"split 'test' of \., but .*check path, config, split"):
        read(split="test")


def test_absent_package_is_told_with_the_cure(folder, read, monkeypatch):
    monkeypatch.setattr("alm.corpus.sources.hub.LIBRARY", "datasets-of-nobody")

    with pytest.raises(
        ConfigError, match=r"found none; install it with `.*pip install .*'\.\[hf\]'`"
    ):
        read()


def test_folder_that_is_not_there_is_told(read):
    with pytest.raises(InputError, match="nowhere: put your text there"):
        read(path="./nowhere")


def test_folder_is_known_by_its_digest_and_the_hub_by_its_commit(folder, ingest_config):
    origin = Origin(folder, 1, ingest_config)
    (folder / "a.csv").write_text("text\nx\n")
    before = HubReader(SOURCE, origin).digest()
    (folder / "a.csv").write_text("text\ny\n")

    assert HubReader(SOURCE, origin).digest() != before
    hub = HubReader(replace(SOURCE, path="owner/name", revision="a" * 40), origin)
    assert hub.digest() is None
    notes = {"rows": {"patience": 5, "n_right": 1, "n_wrong": 0, "seen": {}}}
    assert hub.close([notes]) == {"revision": "a" * 40}


def test_folder_here_is_not_taken_for_a_dataset_of_the_hub(
    folder, tmp_path, ingest_config, monkeypatch
):
    (tmp_path / "owner" / "name").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    source = replace(SOURCE, path="owner/name", revision="a" * 40)

    with pytest.raises(ConfigError, match="folder owner/name lies here and would be read"):
        load_rows(source, Origin(folder, 1, ingest_config), tmp_path)


class BrokenRows:
    state_dict = load_state_dict = None

    def __iter__(self):
        yield {"text": "one"}
        raise RuntimeError("the line\nwent dead")


def test_error_between_rows_has_a_name_and_a_cure():
    rows = iter(SafeRows(SOURCE, BrokenRows()))

    assert next(rows) == {"text": "one"}
    with pytest.raises(InputError, match="RuntimeError: the line went dead; .* run again to go on"):
        next(rows)

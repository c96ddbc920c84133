"""Manifest: says what lies in a directory, and notices when it does not."""

import errno
import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alm.errors import AlmError, IntegrityError
from alm.io import FileEntry, Manifest, canonical_json, new_directory, sha256_bytes

KIND = "corpus.test"
FACTS = {"docs": 3, "rate": 0.5, "sources": [{"name": "é"}]}


def build(out):
    """Write a directory as a stage does."""
    with new_directory(out) as root:
        (root / "inner").mkdir()
        (root / "inner" / "a.txt").write_text("hello")
        (root / "b.bin").write_bytes(bytes(10))
        return Manifest.write(
            root, KIND, params={"seed": 1}, inputs={"text": "0" * 64}, facts=FACTS
        )


@pytest.fixture
def out(tmp_path):
    build(tmp_path / "out")
    return tmp_path / "out"


def rewrite(out, change):
    """Change the manifest's body and give it the digest that belongs to the change."""
    path = out / "manifest.json"
    body = json.loads(path.read_text())
    del body["sha256"]
    change(body)
    body["sha256"] = sha256_bytes(canonical_json(body).encode())
    path.write_text(json.dumps(body))


def test_what_was_written_is_read_back(tmp_path):
    written = build(tmp_path / "out")

    read = Manifest.read(tmp_path / "out", KIND)

    assert read == written
    assert read.sha256 == written.sha256
    assert read.facts == FACTS
    read.verify(tmp_path / "out")


def test_every_file_is_listed_but_the_manifest_itself(out):
    assert Manifest.read(out, KIND).files == {
        "b.bin": FileEntry(bytes=10, sha256=sha256_bytes(bytes(10))),
        "inner/a.txt": FileEntry(bytes=5, sha256=sha256_bytes(b"hello")),
    }


def test_bytes_depend_on_the_content_alone(tmp_path, out, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.chdir(tmp_path)
    build(tmp_path / "elsewhere" / "other")
    os.utime(out / "b.bin", (1, 1))
    build(out)

    other = tmp_path / "elsewhere" / "other" / "manifest.json"
    assert (out / "manifest.json").read_bytes() == other.read_bytes()


def test_manifest_that_lay_there_before_is_not_part_of_the_new_one(out):
    before = Manifest.read(out, KIND)

    again = Manifest.write(
        out, KIND, params=before.params, inputs=before.inputs, facts=before.facts
    )

    assert again == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda out: (out / "b.bin").unlink(), r"b\.bin is listed .* but absent; build it again"),
        (lambda out: (out / "b.bin").write_bytes(bytes(9)), "expected 10 bytes .* found 9 with"),
        (lambda out: (out / "b.bin").write_bytes(bytes(9) + b"\1"), r"b\.bin: .* found 10 with"),
        (lambda out: (out / "inner" / "a.txt").write_text("hellO"), r"inner/a\.txt: expected 5"),
        (lambda out: (out / "inner").rename(out / "outer"), r"inner/a\.txt is listed"),
    ],
    ids=["gone", "cut off", "one bit", "other text", "moved"],
)
def test_changed_file_is_named(out, change, message):
    change(out)

    with pytest.raises(IntegrityError, match=message):
        Manifest.read(out, KIND).verify(out)


def test_file_that_is_not_listed_is_named(out):
    for name in ("c.bin", "inner/z", "inner/y", "inner/x"):
        (out / name).write_text("extra")

    with pytest.raises(IntegrityError, match=r"found 4 more: c\.bin, inner/x, inner/y; move them"):
        Manifest.read(out, KIND).verify(out)


def test_link_that_is_not_listed_is_named(out):
    (out / "away").symlink_to(out.parent)

    with pytest.raises(IntegrityError, match="found 1 more: away"):
        Manifest.read(out, KIND).verify(out)


def test_what_a_file_browser_leaves_is_neither_listed_nor_missed(out):
    written = Manifest.read(out, KIND)
    (out / "inner" / ".DS_Store").write_text("icons")

    written.verify(out)
    again = Manifest.write(out, KIND, params={"seed": 1}, inputs=written.inputs, facts=FACTS)

    assert again == written


def test_directory_that_is_gone_is_not_made(tmp_path):
    with pytest.raises(IntegrityError, match="at .*absent, found none; something removed it"):
        Manifest.write(tmp_path / "absent", KIND, params={}, inputs={}, facts={})

    assert not (tmp_path / "absent").exists()


def test_half_a_character_is_refused_also_where_no_digest_is_given(out):
    """There is no digest of it, and none is what the file says."""
    path = out / "manifest.json"
    body = json.loads(path.read_text()) | {"facts": {"a": "\ud800"}, "sha256": None}
    path.write_text(json.dumps(body))

    with pytest.raises(IntegrityError, match="was changed after it was written"):
        Manifest.read(out, KIND)


def test_name_that_no_disk_takes_is_an_absent_file(out):
    rewrite(out, lambda body: body.update(files={"x" * 5000: {"bytes": 1, "sha256": "x"}}))

    with pytest.raises(IntegrityError, match="cannot read .*File name too long"):
        Manifest.read(out, KIND).verify(out)


def test_file_that_cannot_be_read_just_now_is_not_to_blame(out, monkeypatch):
    def fail(*_):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    manifest = Manifest.read(out, KIND)
    monkeypatch.setattr("alm.io.manifest.sha256_file", fail)

    with pytest.raises(AlmError, match="Too many open files; raise the limit") as raised:
        manifest.verify(out)
    assert not isinstance(raised.value, IntegrityError)


def test_link_to_the_same_bytes_is_no_file_of_ours(out):
    (out / "b.bin").rename(out.parent / "b.bin")
    (out / "b.bin").symlink_to(out.parent / "b.bin")

    with pytest.raises(IntegrityError, match="is listed"):
        Manifest.read(out, KIND).verify(out)


def test_manifest_that_is_a_link_is_refused(out):
    (out / "manifest.json").rename(out.parent / "elsewhere")
    (out / "manifest.json").symlink_to(out.parent / "elsewhere")

    with pytest.raises(IntegrityError, match="expected a file, found a link"):
        Manifest.read(out, KIND)


def test_other_kind_is_refused_and_both_are_named(out):
    with pytest.raises(IntegrityError, match=r"expected a tokenizer, found a corpus\.test"):
        Manifest.read(out, "tokenizer")


def test_any_kind_is_read_where_it_does_not_matter(out):
    assert Manifest.read(out, None) == Manifest.read(out, KIND)

    rewrite(out, lambda body: body.update(kind=5))
    with pytest.raises(IntegrityError, match="its kind is malformed"):
        Manifest.read(out, None)


def test_absent_manifest_is_named(tmp_path):
    with pytest.raises(IntegrityError, match=r"cannot read .*manifest\.json: .*; build it again"):
        Manifest.read(tmp_path, KIND)


@pytest.mark.parametrize("field", ["kind", "files", "params", "inputs", "code", "facts"])
def test_any_field_that_was_edited_is_noticed(out, field):
    path = out / "manifest.json"
    body = json.loads(path.read_text())
    body[field] = {"edited": 1}
    path.write_text(json.dumps(body))

    with pytest.raises(IntegrityError, match="was changed after it was written"):
        Manifest.read(out, KIND)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda body: body.update(version=2), "expected alm-manifest 1, found alm-manifest 2"),
        (
            lambda body: body.update(version=True),
            "expected alm-manifest 1, found alm-manifest True",
        ),
        (
            lambda body: body.update(version=1.0),
            r"expected alm-manifest 1, found alm-manifest 1\.0",
        ),
        (lambda body: body.update(format="other"), "expected alm-manifest 1, found other 1"),
        (lambda body: body.update(host="here"), "expected the keys of a manifest"),
        (lambda body: body.pop("facts"), "expected the keys of a manifest"),
        (lambda body: body.update(params=[]), "its params is malformed"),
        (lambda body: body.update(facts=5), "its facts is malformed"),
        (lambda body: body.update(inputs={"a": 5}), "its inputs is malformed"),
        (lambda body: body.update(libraries={"a": None}), "its libraries is malformed"),
        (lambda body: body.update(files=[]), "its list of files is malformed"),
        (lambda body: body.update(files={"a": {}}), "its list of files is malformed"),
        (lambda body: body.update(files={"a": {"bytes": "1", "sha256": "x"}}), "is malformed"),
        (lambda body: body.update(files={"a": {"bytes": 1, "sha256": 1}}), "is malformed"),
        (
            lambda body: body.update(files={"../a": {"bytes": 1, "sha256": "x"}}),
            "its list of files is malformed",
        ),
        (
            lambda body: body.update(files={"/etc/hosts": {"bytes": 1, "sha256": "x"}}),
            "its list of files is malformed",
        ),
    ],
)
def test_forgery_with_a_true_digest_is_refused(out, change, message):
    rewrite(out, change)

    with pytest.raises(IntegrityError, match=message):
        Manifest.read(out, KIND)


@settings(max_examples=200)
@given(data=st.data())
def test_any_change_of_bytes_gives_the_same_manifest_or_an_integrity_error(folder, data):
    whole = (folder / "whole").read_bytes()
    start = data.draw(st.integers(0, len(whole)))
    length = data.draw(st.integers(0, 20))
    patch = data.draw(st.binary(max_size=4) | st.sampled_from([b"\\ud800", b"1e999", b"[" * 4000]))
    (folder / "manifest.json").write_bytes(whole[:start] + patch + whole[start + length :])

    try:
        found = Manifest.read(folder, KIND)
    except IntegrityError:
        return
    assert canonical_json(found.facts) == canonical_json(FACTS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("fuzz") / "out"
    build(out)
    (out / "manifest.json").rename(out / "whole")
    return out

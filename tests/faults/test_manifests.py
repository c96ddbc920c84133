"""Every manifest there is goes through one reader, which gives the truth or an IntegrityError.

Bytes of a manifest are changed at random, as a bad disk does; and its values, with a digest that
fits, as a person does who means harm.
"""

import ast
import json
import random
from dataclasses import asdict
from pathlib import Path

import pytest

from alm.checkpoint import StateStore
from alm.errors import AlmError, IntegrityError
from alm.io import Manifest, canonical_json, sha256_bytes, write_bytes

SRC = Path(__file__).parents[2] / "src" / "alm"
KINDS = {  # what is written -> the kind that its manifest tells
    "state": "state",
    "model": "model.pretrain",
    "quantize": "model.int8",
    "pack": "corpus.packed",
    "tokenizer": "tokenizer",
    "filter": "corpus.filter",
    "parts": "part",
}
BY_HAND = {  # what takes long to make, and has the same in its manifest
    "ingest": "corpus.ingest",
    "normalize": "corpus.normalize",
    "dedup": "corpus.dedup",
    "shards for others": "corpus.exported",
    "export": "model.export",
    "compiled program": "native.decoder",
}
KINDS |= BY_HAND
TOKENS = (
    *(b"null", b"-1", b"1e999", b"{}", b"[]", b"true", b"9" * 30, b'"../x"', b'"\\ud800"', b"0"),
    *(b'"sha256"', b'"files"', b"\xff", b"\0", b",", b'"', b"NaN", b"[" * 3000, b'{"a":' * 3000),
)
VALUES = (
    *(None, -1, 0, 2**70, 1.5, True, "", "x", "../x", "/etc/passwd", "a\0b", "é" * 5000),
    *([], {}, [[]], {"": {}}, {"bytes": -1, "sha256": ""}, {"../x": {"bytes": 0, "sha256": ""}}),
)


@pytest.fixture
def directory(request, tmp_path, inputs, makers, make_state, unsynced):
    """A directory with a manifest of each kind, by its own writer."""
    name, out = request.param, tmp_path / "out"
    if name == "filter":
        return inputs / "filter"
    if name == "state":
        StateStore(tmp_path, 1, print).save(make_state(7))
        return tmp_path / "step-00000007"
    if name in BY_HAND:
        write_by_hand(out, name)
        return out
    makers[name](out, "old")
    return next(iter(sorted((tmp_path / "out.parts").iterdir()))) if name == "parts" else out


def write_by_hand(out, name):
    write_bytes(out / "one.jsonl", name.encode())
    write_bytes(out / "folder" / "of its own", name.encode() * 9)
    Manifest.write(
        out,
        BY_HAND[name],
        params={"seed": 7, name: {"rate": 0.5, "kept": None}},
        inputs={"before": "ab" * 32},
        code={"src/alm/io": "cd" * 32},
        libraries={"numpy": "2.3"},
        facts={"documents": 3, "sources": [{"name": "own", "share": 0.25}]},
    )


def mangle(data, chance):
    """Change some bytes as disks, editors and cut transfers do."""
    start = chance.randrange(len(data))
    stop = start + chance.choice((0, 1, 2, 8, 64))
    lines = data.splitlines(keepends=True)
    line = chance.choice(lines)
    return chance.choice(
        (
            data[:start] + bytes([data[start] ^ 1 << chance.randrange(8)]) + data[start + 1 :],
            data[:start],
            data[:start] + data[stop:],
            data[:start] + chance.choice(TOKENS) + data[stop:],
            data[:start] + data[start:stop] + data[start:],
            data.replace(line, line + line, 1),
            data.replace(line, b"", 1),
            data.replace(b"0", b"1", 1),
        )
    )


def falsify(body, chance):
    """Change a value somewhere, and let the digest be that of what is said then."""
    place = body
    while True:
        key = chance.choice(sorted(place) if isinstance(place, dict) else range(len(place)))
        inner = place[key]
        if isinstance(inner, dict | list) and inner and chance.random() < 0.7:
            place = inner
            continue
        break
    if isinstance(place, dict) and chance.random() < 0.3:
        place[chance.choice(("", "..", "x", "\x7f"))] = place.pop(key)
    else:
        place[key] = chance.choice(VALUES)
    body.pop("sha256", None)
    return {**body, "sha256": sha256_bytes(canonical_json(body).encode())}


TRIALS = [200, pytest.param(10_000, marks=pytest.mark.nightly)]


@pytest.mark.parametrize("n", TRIALS)
@pytest.mark.parametrize(("directory", "kind"), KINDS.items(), indirect=["directory"], ids=KINDS)
def test_mangled_manifest_is_the_truth_or_an_integrity_error(directory, kind, n):
    chance, path, n_refused = random.Random(0), directory / "manifest.json", 0
    whole, truth = path.read_bytes(), Manifest.read(directory, kind)
    truth.verify(directory)

    try:
        for _ in range(n):
            path.write_bytes(mangle(whole, chance))
            try:
                assert Manifest.read(directory, kind) == truth
            except IntegrityError:
                n_refused += 1
    finally:
        path.write_bytes(whole)

    assert n_refused > 0.8 * n


@pytest.mark.parametrize("n", TRIALS)
@pytest.mark.parametrize(("directory", "kind"), KINDS.items(), indirect=["directory"], ids=KINDS)
def test_false_manifest_with_a_digest_that_fits_leads_to_no_other_error(directory, kind, n):
    """What it says of files is compared with them, and they lie inside the directory."""
    chance, path, n_false = random.Random(0), directory / "manifest.json", 0
    whole = path.read_bytes()
    files = canonical_json(json.loads(whole)["files"])

    try:
        for _ in range(n):
            path.write_text(json.dumps(falsify(json.loads(whole), chance)))
            try:
                found = Manifest.read(directory, kind)
                found.verify(directory)
            except AlmError:
                continue
            n_false += 1  # other facts, which are sound as far as a directory can tell
            assert found.sha256 == json.loads(path.read_text())["sha256"]
            assert canonical_json(asdict(found)["files"]) == files
    finally:
        path.write_bytes(whole)

    assert n_false < 0.5 * n


def test_nobody_else_reads_or_writes_a_manifest():
    """Whoever would parse one by himself must name the file."""
    naming = {
        path.relative_to(SRC).as_posix()
        for path in sorted(SRC.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value == "manifest.json"
    }

    assert naming <= {"io/manifest.py", "report/tables.py"}  # the report shows its digest


def test_every_kind_of_manifest_that_there_is_was_among_these():
    found = {
        node.value.value
        for path in sorted(SRC.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assign)
        and [getattr(target, "id", None) for target in node.targets] == ["KIND"]
        and isinstance(node.value.value, str)
    }

    assert found == set(KINDS.values())

"""Pull the plug while files and folders are replaced: the old one or the new one, whole, is there.

And once it was reported that the new one is written, it is the new one: whoever filled the folder,
and whether or not he waited for the disk.
"""

import os
import random
from itertools import count

import pytest

from alm.io import calls, new_directory, restore_replaced, write_bytes

from .platter import Disk, Tape, lay_out, without_sync_of

VERSIONS = [bytes([65 + i]) * (5 + 3 * i % 7) for i in range(5)]


# --- what is written ------------------------------------------------------------------------------


def write_file(place, data):
    write_bytes(place / "file", data)


def fill_folder(place, data):
    with new_directory(place / "folder") as directory:
        write_bytes(directory / "a", data)
        write_bytes(directory / "deep" / "b", data)


def fill_folder_without_waiting(place, data):
    """As a library does, that knows of no power cuts."""
    with new_directory(place / "folder") as directory:
        calls.make_directory(directory / "deep")
        for path in (directory / "a", directory / "deep" / "b"):
            descriptor = calls.open_file(path, os.O_WRONLY | os.O_CREAT)
            calls.write(descriptor, memoryview(data))
            calls.close(descriptor)


WAYS = {
    "a file": (write_file, lambda data: {"file": data}),
    "a folder": (fill_folder, lambda data: {"folder": {"a": data, "deep": {"b": data}}}),
    "a folder that a library fills": (
        fill_folder_without_waiting,
        lambda data: {"folder": {"a": data, "deep": {"b": data}}},
    ),
}


@pytest.fixture
def record(tmp_path, under_io):
    """Record how each version replaces the one before, in a folder that is not there yet."""

    def record(way):
        root, tape = tmp_path / "disk", Tape()
        root.mkdir()
        with under_io(tape):
            for number, data in enumerate(VERSIONS, start=1):
                WAYS[way][0](root / "new" / "place", data)
                tape.events.append(("reported", number))
        return root, tape.events

    return record


# --- what is found --------------------------------------------------------------------------------


@pytest.fixture
def version_in(tmp_path, under_io, perform):
    """Return the number of the version that a tree holds; 0 for none, None where it is spoilt."""
    numbers, known = count(), {}

    def look(way, place):
        root = tmp_path / "after" / str(next(numbers))
        lay_out(root, place)
        if "folder" in way:
            with under_io(perform):
                restore_replaced(root / "folder")
        name = "folder" if "folder" in way else "file"
        if not (root / name).exists():
            return 0
        found = {name: read(root / name)}
        expected = [WAYS[way][1](data) for data in VERSIONS]
        return expected.index(found) + 1 if found in expected else None

    def version_in(way, tree):
        place = tree.get("new", {}).get("place", {})
        key = repr((way, place))
        if key not in known:
            known[key] = look(way, place)
        return known[key]

    return version_in


def read(path):
    if path.is_file():
        return path.read_bytes()
    return {each.name: read(each) for each in sorted(path.iterdir())}


@pytest.fixture
def count_losses(version_in):
    """Return (power cuts, those after which less than what was reported is found, or a mixture)."""

    def count_losses(way, root, events, per_call):
        disk, chance = Disk(root), random.Random(0)
        reported, n_cuts, n_lost = 0, 0, 0
        for event in events:
            disk.do(*event)
            reported = event[1] if event[0] == "reported" else reported
            for _ in range(per_call):
                found = version_in(way, disk.after_power_cut(chance))
                n_cuts += 1
                n_lost += found is None or not reported <= found <= reported + 1
        return n_cuts, n_lost

    return count_losses


@pytest.mark.parametrize("way", WAYS)
def test_what_was_reported_as_written_survives_a_power_cut(way, record, count_losses):
    n_cuts, n_lost = count_losses(way, *record(way), per_call=60)

    assert n_cuts >= 1_500
    assert n_lost == 0


@pytest.mark.usefixtures("no_exchange")
@pytest.mark.parametrize("way", [way for way in WAYS if "folder" in way])
def test_it_survives_too_where_names_cannot_be_exchanged(way, record, count_losses):
    n_cuts, n_lost = count_losses(way, *record(way), per_call=60)

    assert n_cuts >= 1_500
    assert n_lost == 0


class Killed(BaseException):
    """The process is no more."""


@pytest.fixture
def record_after_a_kill(tmp_path, under_io):
    """Record as ``record`` does, but the second version is killed between its two renames first."""

    def record(way):
        root, tape = tmp_path / "disk", Tape()
        root.mkdir()

        def be_killed(name, call, arguments):
            if name == "rename" and arguments[1].name == "folder":
                raise Killed
            return tape(name, call, arguments)

        def write(number, handle):
            with under_io(handle):
                WAYS[way][0](root / "new" / "place", VERSIONS[number - 1])
            tape.events.append(("reported", number))

        write(1, tape)
        with pytest.raises(Killed):
            write(2, be_killed)
        assert not (root / "new" / "place" / "folder").exists()
        write(2, tape)
        return root, tape.events

    return record


@pytest.mark.usefixtures("no_exchange")
@pytest.mark.parametrize("way", [way for way in WAYS if "folder" in way])
def test_what_a_kill_left_is_put_right_through_power_cuts(way, record_after_a_kill, count_losses):
    n_cuts, n_lost = count_losses(way, *record_after_a_kill(way), per_call=60)

    assert n_cuts >= 1_500
    assert n_lost == 0


def is_part(path):
    return path.suffix == ".part"


SABOTAGES = {
    "a file's bytes": ("a file", is_part),
    "a file's name": ("a file", lambda path: path.name == "place"),
    "the name of a file's new folder": ("a file", lambda path: path.name in {"new", "disk"}),
    "a folder's files": ("a folder", lambda path: path.name in {"a.part", "a"}),
    "a folder's name": ("a folder", lambda path: path.name == "place"),
    "the name of a folder's new folder": ("a folder", lambda path: path.name in {"new", "disk"}),
    "files that a library wrote": ("a folder that a library fills", lambda path: path.name == "b"),
    "names that a library gave": ("a folder that a library fills", is_part),
    "names further down": ("a folder that a library fills", lambda path: path.name == "deep"),
}


@pytest.mark.parametrize("what", SABOTAGES)
def test_what_is_not_synced_is_lost(what, record, count_losses):
    way, is_such = SABOTAGES[what]
    root, events = record(way)

    careless = without_sync_of(is_such)(events)
    n_cuts, n_lost = count_losses(way, root, careless, per_call=20)

    assert len(careless) < len(events)
    assert n_lost > n_cuts / 200

"""Hostile files: none executes anything, and each is refused at once, by an error with a name.

Every file is put into the place of every file that a reader of its format takes; what is no format
of ours, in the place of all of them. Where a manifest lies beside, its digests are made to fit, as
an enemy would do. Where a file may be read, since what is hostile in it is passed over, that is
said below.
"""

import gzip
import io
import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from alm.errors import AlmError, InputError

from .built import MANIFESTS, SHARDS, TENSORS, VOCABULARIES
from .conftest import SLOTS, STATE, read_hugging_face, sign
from .disguised import DISGUISED
from .spelled import JSON, YAML

SECONDS = 1.0  # of this process' own time, so that a busy machine is no finding
OPTIMIZER = f"{STATE}/optimizer.safetensors"  # its names mean something to a run alone
UNASKED = (  # where keys are passed over that nobody asks for
    "dvc.lock",
    "dvc.yaml",
    "huggingface/config.json",
    "state/current.json",
    f"{STATE}/state.json",
)
HARMLESS = {
    "any: nothing": ["documents/train.jsonl"],
    "any: tensors in front of a pickle": [OPTIMIZER],
    "yaml: a score of sixties": UNASKED,
    "yaml: class to instantiate": UNASKED,
    "yaml: interpolation": UNASKED,
    "yaml: not a number": UNASKED,
    "json: class and its state": UNASKED,
    "json: class to instantiate": UNASKED,
    "json: half a character": [*UNASKED, "state/run/fingerprint.json"],
    "json: lists in place of every value": ["state/run/adopted.json"],  # a list by rights
    "json: methods of objects": UNASKED,
    "json: object of jsonpickle": UNASKED,
    "tensors: no tensor": [OPTIMIZER],
    "tensors: other tensors": [OPTIMIZER],
    "tensors: tensor named twice": [slot.path for slot in SLOTS],  # the last one is taken
    "manifest: facts that say nothing": ["model/manifest.json", "int8/manifest.json"],
}


@dataclass(frozen=True)
class Hostile:
    """A file, and where it is put."""

    slots: list
    make: Callable
    """Takes the canary and what the file says by rights; returns text or bytes."""


def gather():
    """Return every hostile file by its name, its format first."""
    kinds = {  # format -> the files, which slots they go into, what turns their text into a file
        "any": (DISGUISED, None, lambda make, c, o: make(c)),
        "yaml": (YAML, {"yaml"}, lambda make, c, o: make(c, o.decode())),
        "json": (JSON, {"json", "manifest"}, lambda make, c, o: make(c, o.decode())),
        "tensors": (TENSORS, {"tensors"}, lambda make, c, o: make(c, o)),
        "vocabulary": (VOCABULARIES, {"vocabulary"}, lambda make, c, o: make(c, o)),
        "shard": (SHARDS, {"shard"}, lambda make, c, o: make(c, o)),
        "manifest": (MANIFESTS, {"manifest"}, lambda make, c, o: sign(make(c, o))),
    }
    for kind, (files, formats, finish) in kinds.items():
        slots = [slot for slot in SLOTS if formats is None or slot.format in formats]
        for name, make in files.items():
            yield f"{kind}: {name}", Hostile(slots, lambda *a, f=finish, m=make: f(m, *a))


FILES = dict(gather())


def attack(room, slot, canary):
    """Read; return what was wrong with how that ended, if anything was."""
    begin = time.process_time()
    try:
        slot.read(room)
    except AlmError:
        ended = "refused"
    except BaseException as error:  # whatever it is, it has no name of ours
        ended = f"{type(error).__name__}: {error!s:.120}"
    else:
        ended = "read"
    took = time.process_time() - begin
    if canary.exists():
        return f"EXECUTED, then {ended}"
    return ended if took < SECONDS else f"{ended} after {took:.1f} s"


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_executes_nothing_and_is_refused_at_once(put, canary, name):
    hostile, ended = FILES[name], {}
    passed_over = HARMLESS.get(name, ())
    for slot in hostile.slots:
        canary.unlink(missing_ok=True)

        def write(path, original):
            data = hostile.make(canary, original)
            path.write_bytes(data.encode() if isinstance(data, str) else data)

        with put(slot, write) as room:
            ended[slot.path] = attack(room, slot, canary)

    expected = {path: "refused" for path in ended}
    expected |= {path: "read" for path in passed_over if path in ended}
    assert ended == expected


def test_there_are_enough_of_them_and_every_reader_meets_some():
    met = {slot.path for hostile in FILES.values() for slot in hostile.slots}

    assert len(FILES) >= 60
    assert met == {slot.path for slot in SLOTS}


@pytest.mark.parametrize("name", [name for name in DISGUISED if "pickle" in name])
def test_a_pickle_does_make_its_canary_where_it_is_taken(canary, name):
    """Else it would prove nothing that no reader made it."""
    data = DISGUISED[name](canary)
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    stream = io.BytesIO(data[data.find(b"\x80") :] if "tensors" in name else data)
    pickle.load(stream)

    assert canary.exists()


def test_a_room_that_nobody_touched_is_read(whole_room):
    assert [slot.path for slot in SLOTS if slot.read(whole_room) is NotImplemented] == []


# --- names that lead elsewhere --------------------------------------------------------------------


@pytest.mark.parametrize("slot", SLOTS, ids=lambda slot: slot.path)
@pytest.mark.parametrize("target", ["itself", "nothing", "a folder"])
def test_a_name_that_leads_to_no_file_is_refused(put, canary, slot, target):
    def write(path, original):
        if target == "a folder":
            path.mkdir()
        else:
            path.symlink_to(path.name if target == "itself" else "nowhere")

    with put(slot, write, sealed=False) as room:
        ended = attack(room, slot, canary)

    is_missing = target != "a folder" and slot.path == "dvc.lock"
    assert ended == ("read" if is_missing else "refused")


@pytest.mark.parametrize("slot", [slot for slot in SLOTS if slot.is_sealed], ids=lambda s: s.path)
def test_a_link_out_of_a_folder_is_refused_though_what_it_leads_to_is_right(
    put, canary, tmp_path, slot
):
    def write(path, original):
        (tmp_path / "outside").write_bytes(original)
        path.symlink_to(tmp_path / "outside")

    with put(slot, write) as room:
        assert attack(room, slot, canary) == "refused"


# --- a model of somebody else's -------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".bin", ".pt", ".pth", ".ckpt", ".pkl"])
def test_a_pickle_beside_an_imported_model_is_refused_unread(whole_room, canary, suffix):
    path = whole_room / "huggingface" / f"pytorch_model{suffix}"
    path.write_bytes(DISGUISED["checkpoint of torch"](canary))
    try:
        with pytest.raises(InputError, match=f"found pytorch_model{suffix}, which could run code"):
            read_hugging_face(whole_room)
    finally:
        path.unlink()
    assert not canary.exists()


def test_code_beside_an_imported_model_is_passed_over(whole_room, canary):
    program = f"open({str(canary)!r}, 'w')\n"
    jinja = f"{{{{ cycler.__init__.__globals__.os.system('touch {canary}') }}}}"
    own = whole_room / "huggingface"
    beside = {
        "modeling_tiny.py": program,
        "configuration_tiny.py": program,
        "custom_generate/generate.py": program,
        "chat_template.jinja": jinja,
        "model.safetensors.index.json": '{"weight_map": {"x": "../../../etc/passwd"}}',
        "adapter_config.json": '{"auto_mapping": {"parent_library": "modeling_tiny"}}',
    }
    kept = (own / "config.json").read_text()
    asks = '"auto_map": {"AutoModelForCausalLM": "modeling_tiny.Model"}, "trust_remote_code": true,'
    (own / "config.json").write_text("{" + asks + kept.strip()[1:])
    try:
        for name, text in beside.items():
            (own / name).parent.mkdir(exist_ok=True)
            (own / name).write_text(text)
        read_hugging_face(whole_room)
    finally:
        (own / "config.json").write_text(kept)
        for name in beside:
            (own / name).unlink()
    assert not canary.exists()

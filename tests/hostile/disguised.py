"""Files that run code when a careless reader takes them: pickles, archives, objects in disguise.

Every one tries to make the canary. No reader of alm's takes any of these formats, so each is put in
the place of whatever a reader does take.
"""

import gzip
import io
import marshal
import os
import pickle
import struct
import subprocess
import tarfile
import zipfile

import numpy as np
import torch


class Call:
    """Pickles as the call of a function."""

    def __init__(self, function, *arguments):
        self.called = function, arguments

    def __reduce__(self):
        return self.called


def touch(canary):
    return f"touch {canary}"


def python(canary):
    return f"__import__('pathlib').Path({str(canary)!r}).touch()"


def system(canary):
    return Call(os.system, touch(canary))


def evaluation(canary):
    return Call(eval, python(canary))


def execution(canary):
    return Call(exec, python(canary))


def process(canary):
    return Call(subprocess.call, ["touch", str(canary)])


def torch_loader(canary):
    """Go by way of the function that torch's own pickles of storages call."""
    inner = saved_by_torch(canary, _use_new_zipfile_serialization=False)
    return Call(torch.storage._load_from_bytes, inner)


def saved_by_torch(canary, **how):
    file = io.BytesIO()
    torch.save({"model": system(canary)}, file, **how)
    return file.getvalue()


def numpy_objects(canary, save):
    file = io.BytesIO()
    save(file, np.array([system(canary)], dtype=object))
    return file.getvalue()


def zipped(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def zipped_link(canary):
    """A link that leads out, and a file that is written through it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        link = zipfile.ZipInfo("out")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, str(canary.parent))
        archive.writestr("out/canary", "x")
    return file.getvalue()


def tarred(canary):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name in (str(canary), f"../../../../../../../..{canary}"):
            archive.addfile(tarfile.TarInfo(name))
    return file.getvalue()


def compiled(canary):
    return marshal.dumps(compile(python(canary), "hostile", "exec"))


def behind_a_header(canary):
    """A whole safetensors file, and a pickle in the bytes of its tensor."""
    body = pickle.dumps(system(canary))
    head = b'{"w":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}' % (len(body), len(body))
    return struct.pack("<Q", len(head)) + head + body


def both_at_once(canary):
    """A safetensors file that is a zip archive too: an archive's table stands at its end."""
    return behind_a_header(canary) + zipped(**{"data.pkl": pickle.dumps(system(canary))})


DISGUISED = {
    "pickle that calls os.system": lambda c: pickle.dumps(system(c)),
    "pickle of protocol 0, which is text": lambda c: pickle.dumps(system(c), protocol=0),
    "pickle of protocol 2": lambda c: pickle.dumps(system(c), protocol=2),
    "pickle that calls eval": lambda c: pickle.dumps(evaluation(c)),
    "pickle that calls exec": lambda c: pickle.dumps(execution(c)),
    "pickle that starts a process": lambda c: pickle.dumps(process(c)),
    "pickle that calls torch's loader": lambda c: pickle.dumps(torch_loader(c)),
    "checkpoint of torch": saved_by_torch,
    "checkpoint of torch before 1.6": lambda c: saved_by_torch(
        c, _use_new_zipfile_serialization=False
    ),
    "array of objects (.npy)": lambda c: numpy_objects(c, np.save),
    "arrays of objects (.npz)": lambda c: numpy_objects(c, np.savez),
    "compiled code": compiled,
    "compressed pickle": lambda c: gzip.compress(pickle.dumps(system(c))),
    "archive that leads out (zip)": lambda c: zipped(**{f"../../..{c}": "x", str(c): "x"}),
    "archive with a link out (zip)": zipped_link,
    "archive that leads out (tar)": tarred,
    "archive that grows a thousandfold": lambda c: zipped(**{"model.safetensors": bytes(1 << 20)}),
    "archive of a program": lambda c: zipped(**{"__main__.py": python(c)}),
    "program": lambda c: f"#!/bin/sh\n{touch(c)}\n".encode(),
    "program of Python": lambda c: python(c).encode(),
    "tensors in front of a pickle": behind_a_header,
    "tensors and archive in one": both_at_once,
    "nothing": lambda _: b"",
    "nothing but zeros": lambda _: bytes(4096),
}

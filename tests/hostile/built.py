"""Tensors, vocabularies, shards and manifests that say one thing and are another."""

import json
import pickle
import struct
import zlib

from .disguised import system


def tensor_file(header, body=b""):
    data = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(data)) + data + body


def parts(original):
    """Return the header and the body of a sound file."""
    (length,) = struct.unpack_from("<Q", original)
    return json.loads(original[8 : 8 + length]), original[8 + length :]


def changed(original, **fields):
    """Change fields of the first tensor; the rest stays as it is."""
    header, body = parts(original)
    name = next(each for each in header if each != "__metadata__")
    header[name] = {**header[name], **fields}
    return tensor_file(header, body)


def overlapping(original):
    """Let every tensor of one size lie on the same bytes."""
    header, body = parts(original)
    places = {}
    for name, each in header.items():
        if name != "__metadata__":
            size = each["data_offsets"][1] - each["data_offsets"][0]
            each["data_offsets"] = places.setdefault(size, each["data_offsets"])
    return tensor_file(header, body)


def twice(original):
    """Name the first tensor twice, with other bytes the second time."""
    header, body = parts(original)
    name = next(each for each in header if each != "__metadata__")
    second = json.dumps({name: header[name]})[1:-1]
    return tensor_file((json.dumps(header)[:-1] + "," + second + "}").encode(), body)


def with_hole(original):
    header, body = parts(original)
    return tensor_file(header, body + bytes(4096))


def with_metadata(original, canary):
    header, body = parts(original)
    return tensor_file({**header, "__metadata__": {"x": {"y": str(canary)}}}, body)


TENSORS = {
    "header longer than memory": lambda c, o: struct.pack("<Q", 2**63) + b"{}",
    "header longer than the file": lambda c, o: struct.pack("<Q", 90_000_000) + b"{}",
    "header that is no JSON": lambda c, o: tensor_file(pickle.dumps(system(c), protocol=0)),
    "header that is a list": lambda c, o: tensor_file([1, 2]),
    "header nested deep": lambda c, o: tensor_file(b'{"w":' + b"[" * 100_000),
    "header that is no text": lambda c, o: tensor_file(b'{"\xff\xfe": 1}'),
    "metadata that is no text": lambda c, o: with_metadata(o, c),
    "tensors on top of each other": lambda c, o: overlapping(o),
    "tensor named twice": lambda c, o: twice(o),
    "tensor behind the end": lambda c, o: changed(o, data_offsets=[2**40, 2**40 + 128]),
    "tensor that ends before it begins": lambda c, o: changed(o, data_offsets=[128, 0]),
    "tensor before the beginning": lambda c, o: changed(o, data_offsets=[-128, 0]),
    "tensor of more numbers than bytes": lambda c, o: changed(o, shape=[2**31, 2**31, 4]),
    "tensor whose size overflows": lambda c, o: changed(o, shape=[2**62, 8]),
    "tensor of negative size": lambda c, o: changed(o, shape=[-1, -32]),
    "tensor of objects": lambda c, o: changed(o, dtype="O"),
    "tensor of another type": lambda c, o: changed(o, dtype="F64"),
    "hole behind the tensors": lambda c, o: with_hole(o),
    "tensors cut off": lambda c, o: o[: len(o) // 2],
    "no tensor": lambda c, o: tensor_file({}),
    "other tensors": lambda c, o: tensor_file(
        {"eval": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}}, b"1234"
    ),
    "model of llama.cpp (GGUF)": lambda c, o: struct.pack("<4sIQQ", b"GGUF", 3, 2**60, 2**60),
}


def varint(value):
    out = bytearray()
    while True:
        out.append(value & 0x7F | (0x80 if value > 0x7F else 0))
        value >>= 7
        if not value:
            return bytes(out)


def field(number, data):
    """Return a field of bytes of a protocol-buffer message."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def piece(text, score=0.0, kind=1):
    body = field(1, text.encode()) + varint(2 << 3 | 5) + struct.pack("<f", score)
    return field(1, body + varint(3 << 3) + varint(kind))


VOCABULARIES = {
    "noise": lambda c, o: bytes(i * 7919 % 256 for i in range(5000)),
    "vocabulary cut off": lambda c, o: o[: len(o) // 2],
    "vocabulary said twice": lambda c, o: o + o,
    "field longer than memory": lambda c, o: varint(1 << 3 | 2) + varint(2**62) + b"x",
    "number without an end": lambda c, o: b"\xff" * 100_000,
    "group that is never closed": lambda c, o: b"\x0b" * 100_000,
    "half a million pieces": lambda c, o: piece("a") * 500_000,
    "piece of a megabyte": lambda c, o: o + piece("x" * (1 << 20)),
    "piece that is no text": lambda c, o: field(1, field(1, b"\xff\xfe")),
    "piece of no kind": lambda c, o: o + piece("x", kind=99),
    "piece twice": lambda c, o: o + piece("zz") + piece("zz"),
    "piece that a turn could be forged with": lambda c, o: o.replace(b"<|user|>", b"<|usex|>"),
    "piece that text can spell in place of a symbol": lambda c, o: piece("<pad>", kind=4) + o,
    "score that is no number": lambda c, o: o + piece("zz", score=float("nan")),
    "rules that rewrite text": lambda c, o: o + field(3, field(2, b"\xff" * 4096)),
    "rules longer than they are": lambda c, o: (
        o + field(3, field(2, struct.pack("<I", 2**31 - 1) + b"x" * 64))
    ),
    "no piece": lambda c, o: field(2, b""),
}


def shard(original, at, fmt, value):
    """Change a field of the header, and give it the checksum that fits."""
    head = bytearray(original[:4092])
    struct.pack_into(fmt, head, at, value)
    return bytes(head) + struct.pack("<I", zlib.crc32(head)) + original[4096:]


SHARDS = {
    "shard of more tokens than memory": lambda c, o: shard(o, 64, "<Q", 2**61),
    "shard of more documents than memory": lambda c, o: shard(o, 72, "<Q", 2**60),
    "shard whose tokens lie behind the end": lambda c, o: shard(o, 96, "<Q", 2**62),
    "shard whose index lies on its tokens": lambda c, o: shard(o, 112, "<Q", 4096),
    "shard that asks for what nobody knows": lambda c, o: shard(o, 12, "<I", 0x80),
    "shard of another version": lambda c, o: shard(o, 8, "<H", 2),
    "shard without a token": lambda c, o: shard(o, 64, "<Q", 0),
    "shard of another vocabulary": lambda c, o: shard(o, 32, "<I", 2**32 - 1),
    "shard that went through a text mode": lambda c, o: o.replace(b"\r\n", b"\n"),
    "shard cut off": lambda c, o: o[:-1],
}


def body_of(original, **fields):
    body = json.loads(original)
    return {**body, **fields}


def files_named(original, *names):
    """Have a manifest list files of these names besides, as it lists its own."""
    body = json.loads(original)
    entry = next(iter(body["files"].values()))
    return {**body, "files": {**body["files"], **dict.fromkeys(names, entry)}}


# Each gives a manifest's body; its digest is made to fit.
MANIFESTS = {
    "file above the folder": lambda c, o: files_named(o, "../canary"),
    "file at an absolute place": lambda c, o: files_named(o, "/etc/passwd"),
    "file above by a detour": lambda c, o: files_named(o, "a/../../canary"),
    "file of another system": lambda c, o: files_named(o, "..\\canary", "C:\\canary"),
    "file with NUL in its name": lambda c, o: files_named(o, "a\0b"),
    "file without a name": lambda c, o: files_named(o, ""),
    "file that is the folder": lambda c, o: files_named(o, "."),
    "file of negative size": lambda c, o: body_of(o, files={"a": {"bytes": -1, "sha256": "0"}}),
    "file of endless size": lambda c, o: body_of(
        o, files={"a": {"bytes": 10**4000, "sha256": "0"}}
    ),
    "file whose size is a truth": lambda c, o: body_of(
        o, files={"a": {"bytes": True, "sha256": "0"}}
    ),
    "file with more to say": lambda c, o: body_of(
        o, files={"a": {"bytes": 1, "sha256": "0", "_target_": "os.system"}}
    ),
    "files that are a list": lambda c, o: body_of(o, files=["a"]),
    "no file at all": lambda c, o: body_of(o, files={}),
    "another kind": lambda c, o: body_of(o, kind="corpus.ingest"),
    "kind that is no text": lambda c, o: body_of(o, kind=["model.pretrain"]),
    "another version": lambda c, o: body_of(o, version=2),
    "more than a manifest says": lambda c, o: body_of(o, auto_map={"x": "y"}),
    "facts that are a list": lambda c, o: body_of(o, facts=[1]),
    "facts that say nothing": lambda c, o: body_of(o, facts={}),
    "inputs that are numbers": lambda c, o: body_of(o, inputs={"model": 1}),
}

"""Text that a careless reader would make objects of, never come to the end of, or read two ways."""

import json


def touch(canary):
    return f"touch {canary}"


def laughs(levels):
    """Lists of ten of the former list each: a thousand million at nine levels."""
    lines = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    for i in range(1, levels):
        lines.append(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]")
    return "\n".join(lines)


def with_first_key(text, extra):
    """Put lines in front of what a file says, where a reader that goes on would take the rest."""
    return extra + "\n" + text


# Each takes the canary and what the file says by rights.
YAML = {
    "tag that calls os.system": lambda c, text: with_first_key(
        text, f"x: !!python/object/apply:os.system ['{touch(c)}']"
    ),
    "tag that makes an object": lambda c, text: with_first_key(
        text, f"x: !!python/object/new:subprocess.Popen [[touch, '{c}']]"
    ),
    "tag that makes an object with a state": lambda c, text: with_first_key(
        text, f"x: !!python/object:subprocess.Popen {{args: [touch, '{c}']}}"
    ),
    "tag that names a function": lambda c, text: with_first_key(text, "x: !!python/name:os.system"),
    "tag that imports a module": lambda c, text: with_first_key(
        text, "x: !!python/module:antigravity"
    ),
    "tag by its whole name": lambda c, text: with_first_key(
        text, f"x: !<tag:yaml.org,2002:python/object/apply:os.system> ['{touch(c)}']"
    ),
    "tag behind a directive": lambda c, text: (
        "%TAG !p! tag:yaml.org,2002:python/\n---\n"
        + with_first_key(text, f"x: !p!object/apply:os.system ['{touch(c)}']")
    ),
    "tag of a reader's own": lambda c, text: with_first_key(text, f"x: !exec {touch(c)}"),
    "binary tag": lambda c, text: with_first_key(text, "x: !!binary gASVJQAAAAAAAACMBXBvc2l4"),
    "set tag": lambda c, text: with_first_key(text, "x: !!set {a, b}"),
    "class to instantiate": lambda c, text: with_first_key(
        text, f"_target_: os.system\n_args_: ['{touch(c)}']"
    ),
    "interpolation": lambda c, text: with_first_key(text, f"x: ${{oc.env:HOME}}$({touch(c)})"),
    "billion laughs": lambda c, text: with_first_key(text, laughs(9)),
    "list that holds itself": lambda c, text: with_first_key(text, "x: &x [*x]"),
    "merge of a mapping": lambda c, text: with_first_key(text, "x: &x {a: 1}\ny: {<<: *x}"),
    "key twice": lambda c, text: text + text,
    "deep lists": lambda c, text: with_first_key(text, f"x: {'[' * 400}"),
    "deep mappings": lambda c, text: with_first_key(text, f"x: {'{a: ' * 20_000}"),
    "deep block": lambda c, text: with_first_key(text, "x: " + "- " * 20_000 + "1"),
    "number of many digits": lambda c, text: with_first_key(text, f"x: {'9' * 100_000}"),
    "a score of sixties": lambda c, text: with_first_key(text, f"x: 1{':59' * 20}"),
    "not a number": lambda c, text: with_first_key(text, "x: .nan"),
    "date that is none": lambda c, text: with_first_key(text, "x: 2001-99-99"),
    "two documents": lambda c, text: text + "\n---\n" + text,
    "another version of YAML": lambda c, text: f"%YAML 1.1\n---\n{text}",
    "megabytes": lambda c, text: text + "# " + "x" * (2 << 20),
    "NUL": lambda c, text: with_first_key(text, "x: \0"),
    "UTF-16": lambda c, text: text.encode("utf-16"),
    "half a character": lambda c, text: with_first_key(text, 'x: "\\ud800"'),
    "open quotation": lambda c, text: with_first_key(text, f'x: "{"a" * 100_000}'),
}


def merged(text, **more):
    """Add keys to a JSON object; where the file holds no object, give one with these alone."""
    value = json.loads(text.splitlines()[0] if text.startswith('{"id') else text)
    return json.dumps({**(value if isinstance(value, dict) else {}), **more}) + "\n"


def spliced(text, member):
    """Put a member, spelled as given, into the JSON object that stands first."""
    place = text.find("{")
    return (
        text[: place + 1] + member + "," + text[place + 1 :] if place >= 0 else "{" + member + "}"
    )


JSON = {
    "object of jsonpickle": lambda c, text: merged(
        text, **{"py/reduce": [{"py/function": "os.system"}, {"py/tuple": [touch(c)]}]}
    ),
    "class to instantiate": lambda c, text: merged(text, _target_="os.system", _args_=[touch(c)]),
    "class and its state": lambda c, text: merged(
        text, __class__="subprocess.Popen", args=["touch", str(c)]
    ),
    "methods of objects": lambda c, text: merged(text, __init__={"__globals__": {}}, __reduce__=[]),
    "deep lists": lambda c, text: spliced(text, f'"x": {"[" * 100_000}'),
    "deep mappings": lambda c, text: spliced(
        text, f'"x": {"{" + chr(34) + "a" + chr(34) + ":":s}' * 50_000
    ),
    "key twice": lambda c, text: spliced(text, '"x": 1, "x": 2'),
    "key twice, spelled in two ways": lambda c, text: spliced(text, '"x": 1, "\\u0078": 2'),
    "not a number": lambda c, text: spliced(text, '"x": NaN'),
    "infinity": lambda c, text: spliced(text, '"x": -Infinity'),
    "number beyond all": lambda c, text: spliced(text, '"x": 1e999'),
    "number of a million digits": lambda c, text: spliced(text, f'"x": {"9" * 1_000_000}'),
    "half a character": lambda c, text: spliced(text, '"x": "\\ud800"'),
    "bytes that are no text": lambda c, text: spliced(text, '"x": "').encode() + b'\xff\xfe"}',
    "UTF-16": lambda c, text: text.encode("utf-16"),
    "list in place of a mapping": lambda c, text: "[" + "0," * 1000 + "0]\n",
    "text in place of a mapping": lambda c, text: f'"{touch(c)}"\n',
    "nothing in place of a mapping": lambda c, text: "null\n",
    "lists in place of every value": lambda c, text: (
        json.dumps(
            dict.fromkeys(json.loads(text), [1])
            if text.startswith("{") and "\n{" not in text
            else []
        )
        + "\n"
    ),
    "more behind the end": lambda c, text: text + '{"x": 1}',
}

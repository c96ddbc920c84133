"""House rules of what stands in a file; a rule maps a syntax tree to the lines that break it."""

import ast
import re
from pathlib import Path

import pytest

REPO = Path(__file__).parents[1]
SRC = REPO / "src" / "alm"
SOURCES = [*sorted(SRC.rglob("*.py")), *sorted((REPO / "scripts").glob("*.py"))]


# --- rules ----------------------------------------------------------------------------------------


def imports(tree):
    """(line, dotted name) of everything that is imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def calls(tree):
    """(line, dotted name of what is called, call)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func), node


def import_of(*modules):
    """Make a rule against importing modules, whole or in part."""

    def rule(tree):
        return [
            n for n, name in imports(tree) if any(f"{name}.".startswith(f"{m}.") for m in modules)
        ]

    return rule


def mention_of(*names):
    """Make a rule against dotted names, wherever they stand; ``.x`` is an ``x`` of anything."""

    def rule(tree):
        found = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
        lines = [n.lineno for n in found if {ast.unparse(n), f".{n.attr}"} & set(names)]
        return lines + import_of(*names)(tree)

    return rule


def code_from_data(tree):
    """Lines that turn bytes into code or into any object they ask for."""
    for line, name, call in calls(tree):
        pickled = [k.value for k in call.keywords if k.arg == "allow_pickle"]
        if name in {"eval", "exec", "compile", "__import__", "torch.load", "torch.save"} or any(
            ast.unparse(value) != "False" for value in pickled
        ):
            yield line
    yield from import_of("pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib")(tree)


LISTINGS = {"listdir", "scandir", "iterdir", "glob", "iglob", "rglob"}
ORDERLY = {"sorted", "len", "any"}


def in_no_order(tree):
    """Lines that read a folder, or walk through a set, in whatever order it has."""
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            child.parent = node
    for node in ast.walk(tree):
        name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        is_listing = "." in name and name.rpartition(".")[2] in LISTINGS
        unordered = is_listing or (is_set(node) and is_walked_through(node))
        if unordered and not is_put_in_order(node):
            yield node.lineno
        if name.endswith(".walk") and name != "ast.walk" and not is_walk_in_order(node.parent):
            yield node.lineno


def is_put_in_order(node):
    """Whether a value goes straight, or item by item, into sorted, len or any."""
    inner, outer = node, node.parent
    while (
        (isinstance(outer, ast.comprehension) and outer.iter is inner)
        or (
            isinstance(outer, ast.GeneratorExp | ast.ListComp)
            and isinstance(inner, ast.comprehension)
        )
        or (isinstance(outer, ast.Call) and ast.unparse(outer.func) in {"list", "set"})
    ):
        inner, outer = outer, outer.parent
    return isinstance(outer, ast.Call) and ast.unparse(outer.func) in ORDERLY


def is_walk_in_order(loop):
    """Whether a loop sorts the folders in place, and each use of the files."""
    if not (isinstance(loop, ast.For) and isinstance(loop.target, ast.Tuple)):
        return False
    _, folders, files = (ast.unparse(each) for each in loop.target.elts)
    uses = [n for each in loop.body for n in ast.walk(each) if ast.unparse(n) == files]
    return f"{folders}[:] = sorted(" in ast.unparse(loop) and all(map(is_put_in_order, uses))


def is_set(node):
    built = isinstance(node, ast.Call) and ast.unparse(node.func) in {"set", "frozenset"}
    return built or isinstance(node, ast.Set | ast.SetComp)


def is_walked_through(node):
    outer = node.parent
    if isinstance(outer, ast.For | ast.comprehension):
        return outer.iter is node
    called = ast.unparse(outer.func) if isinstance(outer, ast.Call) else ""
    return called in {"list", "tuple", "enumerate"} or called.endswith(".join")


def chance(tree):
    """Lines whose numbers differ between processes or versions."""
    yield from import_of("random", "secrets", "uuid")(tree)
    yield from mention_of("np.random", "numpy.random", "os.urandom")(tree)
    yield from (line for line, name, _ in calls(tree) if name == "hash")


def errors_of_its_own(tree):
    """Classes of exceptions: they stand in the tree of errors.py, which says their exit codes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            bases = [ast.unparse(base) for base in node.bases]
            if any(re.search(r"(Error|Exception|Interrupt(ed)?|Exit)$", base) for base in bases):
                yield node.lineno


def here_and_now(tree):
    """Lines that ask for the time, the machine or the user."""
    yield from import_of("time", "datetime", "socket", "getpass")(tree)
    yield from mention_of("platform.node", "platform.uname", "os.uname", "os.getlogin")(tree)
    yield from mention_of("os.getpid", ".st_mtime", ".st_mtime_ns", ".st_ctime", ".st_atime")(tree)


RULES = {  # a sentence -> (rule, places below src/alm or scripts that it leaves alone, and why)
    "nothing that is read can run code": (code_from_data, {}),
    "folders and sets are read in an order of ours": (in_no_order, {}),
    "no result depends on chance": (chance, {}),
    "every error stands in errors.py": (errors_of_its_own, {"errors.py": "there they stand"}),
    "no result knows when, where or by whom it was made": (
        here_and_now,
        {
            "runtime": "the live line and TensorBoard, which no stage puts out",
            "train": "tokens per second, for .state",
            "project": "looks at the machine; no stage stands on it",
            "twins/speed.py": "a benchmark: its page says when and where it was measured",
            "io/lock.py": "waits, and says who holds the lock",
            "attended.py": "looks at the parent now and then",
            "footprint.py": "what a stage took, for .state",
            "probe.py": "a stopwatch; no stage stands on it",
            "work/pool.py": "tells its workers whose they are",
            "corpus/sources/hub.py": "likewise",
        },
    ),
    "the environment is read in few places": (
        mention_of("os.environ", "os.getenv", "os.environb", "os.putenv"),
        {
            "config/machine.py": "the settings of the machine",
            "runtime": "must set threads before torch is there",
            "entry.py": "the start of every process",
            "footprint.py": "notes what a stage took where DVC runs it; no result depends on it",
            "model/fusion.py": "tells torch where to keep machine code; no result depends on it",
        },
    ),
}


def place_of(path):
    return path.relative_to(SRC if path.is_relative_to(SRC) else REPO)


@pytest.mark.parametrize("sentence", RULES)
def test_every_source_keeps_the_rule(sentence):
    rule, exceptions = RULES[sentence]
    offences = []
    for path in SOURCES:
        place = place_of(path)
        if not {place.parts[0], place.as_posix()} & exceptions.keys():
            lines, tree = path.read_text().splitlines(), ast.parse(path.read_text())
            offences += [f"{place}:{n}: {lines[n - 1].strip()}" for n in sorted(set(rule(tree)))]

    assert offences == []


BROKEN = {
    "nothing that is read can run code": [
        "import pickle",
        "from pickle import loads",
        "import marshal as m",
        "def f():\n    import shelve",
        "torch.load(p)",
        "torch.load(p, weights_only=True)",
        "np.load(p, allow_pickle=True)",
        "numpy.load(p, allow_pickle=flag)",
        "eval(text)",
        "exec(text)",
    ],
    "folders and sets are read in an order of ours": [
        "for p in root.iterdir(): pass",
        "list(root.glob('*'))",
        "[f(p) for p in root.rglob('*')]",
        "names = os.listdir(root)",
        "for base, dirs, files in os.walk(root): yield from sorted(files)",
        "for base, dirs, files in os.walk(root):\n    dirs[:] = sorted(dirs)\n    f(files)",
        "sorted(os.walk(root))",
        "sorted(f(p.glob('*')) for p in x)",
        "glob.glob('*')",
        "for x in {1, 2}: pass",
        "[x for x in set(y)]",
        "', '.join({str(x) for x in y})",
        "tuple(set(y))",
    ],
    "no result depends on chance": [
        "import random",
        "from random import shuffle",
        "np.random.default_rng(0)",
        "from numpy.random import default_rng",
        "import uuid",
        "key = hash(text)",
    ],
    "every error stands in errors.py": [
        "class Mine(Exception): pass",
        "class Mine(AlmError): pass",
        "class Mine(errors.ShardError): pass",
    ],
    "no result knows when, where or by whom it was made": [
        "import time",
        "from time import perf_counter",
        "from datetime import datetime",
        "def f():\n    import socket",
        "platform.node()",
        "import getpass",
        "path.stat().st_mtime",
    ],
    "the environment is read in few places": [
        "os.environ['A']",
        "os.getenv('A')",
        "from os import environ",
        "{**os.environ}",
    ],
}
SOUND = {
    "nothing that is read can run code": ["model.eval()", "np.load(p, allow_pickle=False)"],
    "folders and sets are read in an order of ours": [
        "sorted(root.glob('*'))",
        "sorted(p.stem for p in root.glob('*') if p.is_file())",
        "sorted([p for p in os.listdir(root)])",
        "for a, b, c in os.walk(root):\n    b[:] = sorted(b)\n    f(sorted(c))",
        "any(root.iterdir())",
        "len(list(root.iterdir()))",
        "for p in sorted(root.rglob('*')): pass",
        "ast.walk(tree)",
        "source.glob",
        "', '.join(sorted(set(y)))",
        "x in {1, 2}",
        "{1} | set(y)",
    ],
    "no result depends on chance": ["torch.rand(3)", "x.hash()", "hashlib.sha256(b'')"],
    "every error stands in errors.py": ["class Mine(Base): pass", "raise ValueError"],
    "no result knows when, where or by whom it was made": ["platform.machine()", "time = 3"],
    "the environment is read in few places": ["os.path", "self.environ"],
}


@pytest.mark.parametrize(("sentence", "source"), [(s, x) for s in BROKEN for x in BROKEN[s]])
def test_breach_is_seen(sentence, source):
    assert list(RULES[sentence][0](ast.parse(source)))


@pytest.mark.parametrize(("sentence", "source"), [(s, x) for s in SOUND for x in SOUND[s]])
def test_what_is_sound_is_let_through(sentence, source):
    assert not list(RULES[sentence][0](ast.parse(source)))

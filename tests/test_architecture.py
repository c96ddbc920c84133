"""Who may import whom, and what each stage stands on. Change the law here first, then the code.

Three more pages: ``test_architecture_graph.py`` on dvc.yaml and params.yaml,
``test_architecture_source.py`` on what may be written in a module, and
``test_architecture_files.py`` on names, sizes and mirrors.
"""

import ast
import functools
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

REPO = Path(__file__).parents[1]
SRC = REPO / "src" / "alm"
MODULES = sorted(SRC.rglob("*.py"))
SCRIPTS = sorted((REPO / "scripts").glob("*.py"))
DECLARED = YAML(typ="safe", pure=True).load(REPO / "dvc.yaml")["stages"]
STAGES = {name: stage.get("do", stage) for name, stage in DECLARED.items()}
TEXT_STAGES = [name for name, stage in DECLARED.items() if stage.get("foreach") == "${corpora}"]

GROUND = {"errors", "config", "io"}
MAY_IMPORT = {  # package -> packages of alm it may import; nothing points down the list
    "errors": set(),
    "entry": {"errors"},
    "config": {"errors"},
    "io": {"errors"},
    "footprint": GROUND,
    "attended": {"entry", "footprint"},
    "work": GROUND | {"attended"},
    "runtime": GROUND,
    "corpus": GROUND | {"attended", "work"},
    "tokenizer": GROUND | {"work"},
    "data": GROUND,
    "packing": GROUND | {"work", "data"},
    "model": {"errors", "config"},
    "optim": {"errors", "config"},
    "quant": GROUND | {"data", "model"},
    "checkpoint": GROUND | {"model"},
    "train": GROUND | {"runtime", "data", "model", "optim", "checkpoint"},
    "eval": GROUND | {"corpus", "data", "model", "checkpoint"},
    "infer": GROUND | {"tokenizer", "data", "model", "checkpoint"},
    "tasks": GROUND | {"corpus", "tokenizer", "model", "quant", "checkpoint", "eval", "infer"},
    "export": GROUND | {"tokenizer", "model", "quant", "checkpoint"},
    "report": GROUND,
    "project": GROUND | {"footprint", "work", "runtime", "corpus", "data", "checkpoint"},
    "probe": GROUND | {"runtime", "model", "optim", "train", "project"},
    "twins": GROUND | {"runtime", "model", "checkpoint", "train", "project"},
}
ATTENDED = set(STAGES) - {"pretrain"}  # which watches its parent itself, and saves before it leaves
HIDDEN = {"evaluate": "of Hugging Face; `make lm-eval`, which brings it, runs with -P"}
NEVER_MEET = [  # (upper, lower): not even through a third; a change of the lower reruns no upper
    ("train", "quant"),
    ("train", "tokenizer"),
    ("train", "corpus"),
    ("checkpoint", "quant"),
    ("eval", "quant"),
    ("infer", "train"),
    ("infer", "quant"),
    ("corpus", "runtime"),
    ("tokenizer", "runtime"),
    ("data", "runtime"),
    ("train", "work"),
]
WITHOUT_TORCH = GROUND | {
    *("entry", "footprint", "attended", "work", "corpus", "tokenizer", "data", "packing", "report")
}


@functools.cache
def imported_names(source):
    """Everything a source imports anywhere, lazily inside a function included, dotted."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {"." * node.level + f"{node.module}.{alias.name}" for alias in node.names}
    return names


def imported_packages(source):
    """Packages of alm among them."""
    return {name.split(".")[1] for name in imported_names(source) if name.startswith("alm.")}


def package_of(path):
    return path.relative_to(SRC).parts[0].removesuffix(".py")


def module_of(path):
    return ".".join(("alm", *path.relative_to(SRC).with_suffix("").parts)).removesuffix(".__init__")


def place_of(package):
    folder = Path("src/alm") / package
    return str(folder if (REPO / folder).is_dir() else folder.with_suffix(".py"))


def closure(packages, imports):
    """The packages, and all that they stand on."""
    found = set(packages)
    while more := set().union(*(imports[package] for package in found)) - found:
        found |= more
    return found


def actual_imports():
    found = {package: set() for package in MAY_IMPORT}
    for path in MODULES:
        found.setdefault(package_of(path), set()).update(imported_packages(path.read_text()))
    return found


def stands_on(script):
    """Packages whose change may change what a script does."""
    return closure(imported_packages(script.read_text()), actual_imports())


def run_python(code):
    """Return the words that a program prints."""
    command, environment = [sys.executable, "-c", code], {"PYTHONPATH": str(SRC.parent)}
    done = subprocess.run(
        command, cwd=REPO, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


# --- packages -------------------------------------------------------------------------------------


def test_no_rule_points_down_the_list():
    order = list(MAY_IMPORT)
    for package, allowed in MAY_IMPORT.items():
        assert all(order.index(each) < order.index(package) for each in allowed), package


@pytest.mark.parametrize(("upper", "lower"), NEVER_MEET)
def test_no_rule_lets_these_two_meet(upper, lower):
    assert lower not in closure({upper}, MAY_IMPORT)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SRC)))
def test_module_imports_only_what_its_package_may(path):
    package = package_of(path)
    imported = imported_packages(path.read_text())

    assert package in {*MAY_IMPORT, "__init__"}, "a new package needs a place in MAY_IMPORT"
    assert imported - {package} <= MAY_IMPORT.get(package, set())


def test_root_of_the_package_is_a_docstring_and_no_more():
    """Every import runs it, so every stage would have to declare it."""
    root = ast.parse((SRC / "__init__.py").read_text())

    assert ast.get_docstring(root)
    assert len(root.body) == 1


def test_names_are_imported_in_full():
    """A relative or computed import would hide from these tests."""
    for path in [*MODULES, *SCRIPTS]:
        names = imported_names(path.read_text())
        assert not any(name.startswith(".") for name in names), path
        assert not names & {"importlib.import_module", "runpy.run_path"}, path


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SRC)))
def test_package_that_needs_no_torch_does_not_name_it(path):
    if package_of(path) in WITHOUT_TORCH:
        names = {name.split(".")[0] for name in imported_names(path.read_text())}
        assert not names & {"torch", "transformers", "tensorboard"}


def test_ground_and_text_import_without_torch():
    """And so does the runtime, whose settings must be made before torch is there."""
    names = {module_of(path) for path in MODULES if package_of(path) in WITHOUT_TORCH}
    code = "import sys\n" + "\n".join(
        f"import {name}; 'torch' in sys.modules and print('{name}')"
        for name in sorted(names | {"alm.runtime"})
    )

    assert run_python(code) == []


@pytest.mark.parametrize("package", sorted({package_of(path) for path in MODULES} - {"__init__"}))
def test_package_exports_what_it_imports_and_says_so(package):
    path = SRC / package / "__init__.py"
    if path.parent.is_dir():
        tree = ast.parse(path.read_text())
        imported = {a.name for n in tree.body if isinstance(n, ast.ImportFrom) for a in n.names}
        exported = [
            ast.literal_eval(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets) == "__all__"
        ]
        assert ast.get_docstring(tree)
        assert imported <= {name for names in exported for name in names}


# --- scripts --------------------------------------------------------------------------------------


def option_names(tree):
    """Names under which parse_args hands over what was given."""
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and n.args]
    added = [n.args[0] for n in calls if ast.unparse(n.func).endswith(".add_argument")]
    return {ast.literal_eval(each).lstrip("-").replace("-", "_") for each in added}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_script_is_thin(path):
    """Parse arguments, load a section, call the library, write. No loops, no classes."""
    source = path.read_text()
    nodes = list(ast.walk(ast.parse(source)))
    too_much = ast.For | ast.AsyncFor | ast.While | ast.ClassDef
    functions = [n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]

    assert functions == ["parse_args", "main"]
    assert [node.lineno for node in nodes if isinstance(node, too_much)] == []
    assert len(source.splitlines()) <= 40
    module = "attended" if path.stem in ATTENDED else "entry"
    assert f"from alm.{module} import run\n" in source
    assert source.endswith('\n\nif __name__ == "__main__":\n    run(main, parse_args())\n')


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_main_takes_what_parse_args_gives(path):
    tree = ast.parse(path.read_text())
    main = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "main")
    taken = {arg.arg for arg in (*main.args.args, *main.args.kwonlyargs)}

    assert taken <= option_names(tree)
    assert main.args.kwarg or taken == option_names(tree)


def test_nothing_imports_a_script():
    names = {"scripts", *(path.stem for path in SCRIPTS)}
    for path in [*MODULES, *SCRIPTS]:
        tops = {name.split(".")[0] for name in imported_names(path.read_text())}
        assert not tops & names, path


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_script_hides_no_module(path):
    """The folder of a running script comes first on the path, before the standard library."""
    found = None if path.stem in HIDDEN else importlib.util.find_spec(path.stem)

    assert path.stem not in sys.stdlib_module_names
    assert found is None or found.origin is None


def test_stages_pin_the_numerics_before_torch_is_imported():
    code = "import runpy, sys\n" + "\n".join(
        f"runpy.run_path('scripts/{stage}.py'); 'torch' in sys.modules and print('{stage}')"
        for stage in STAGES
    )

    assert run_python(code) == []


# --- stages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", STAGES)
def test_stage_has_its_script(stage):
    assert f"python scripts/{stage}.py " in STAGES[stage]["cmd"]
    assert REPO / "scripts" / f"{stage}.py" in SCRIPTS


@pytest.mark.parametrize("stage", STAGES)
def test_stage_declares_just_what_its_script_stands_on(stage):
    """DVC does not follow imports (treeverse/dvc#9195): an undeclared package goes stale."""
    code = {dep for dep in STAGES[stage]["deps"] if dep.startswith(("src/", "scripts/"))}
    packages = stands_on(REPO / "scripts" / f"{stage}.py")

    assert code == {f"scripts/{stage}.py", *map(place_of, packages)}
    looking = {"project", "probe", "twins"}  # at the house; nothing is built on them
    assert not packages & looking


@pytest.mark.parametrize("stage", TEXT_STAGES)
def test_text_stage_stands_on_nothing_that_knows_torch(stage):
    assert stands_on(REPO / "scripts" / f"{stage}.py") <= WITHOUT_TORCH


# --- the rules catch what they are for ------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "import alm.quant",
        "from alm import quant",
        "from alm.quant import blocks",
        "from alm.quant.blocks import quantize",
        "def f():\n    from alm.quant import x",
        "if TYPE_CHECKING:\n    import alm.quant.blocks as b",
    ],
)
def test_every_spelling_of_an_import_is_seen(source):
    assert imported_packages(source) == {"quant"}


def test_closure_follows_imports_of_imports():
    imports = {"a": {"b"}, "b": {"c"}, "c": set(), "d": {"a"}}

    assert closure({"a"}, imports) == {"a", "b", "c"}

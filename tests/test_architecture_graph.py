"""House rules of dvc.yaml, params.yaml and what lies beside them."""

import ast
import configparser
import dataclasses
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from alm.config import (
    CorpusParams,
    Params,
    list_corpora,
    list_models,
    list_presets,
    load_model_config,
)

REPO = Path(__file__).parents[1]
SRC = REPO / "src" / "alm"
LOADERS = {"Params", "CorpusParams"}
MAY_LOAD = {  # below src/alm: who reads parameters by itself, instead of being handed a section
    "config": "its home",
    "project": "shows and checks them; no stage stands on it",
    "infer/terminal.py": "for a prompt of one's own; no stage runs it",
}
FILES = {"model": "configs/models/${item.model}.yaml", "recipe": "configs/corpora/${key}.yaml"}


def read_yaml(name):
    return YAML(typ="safe", pure=True).load(REPO / name)


PARAMS = read_yaml("params.yaml")
DECLARED = read_yaml("dvc.yaml")["stages"]
STAGES = {name: stage.get("do", stage) for name, stage in DECLARED.items()}
GROUPS = {name: stage.get("foreach", "").strip("${}") for name, stage in DECLARED.items()}
SECTIONS = {"presets": set(Params.SECTIONS), "corpora": set(CorpusParams.SECTIONS), "": set()}
every_stage = pytest.mark.parametrize("stage", STAGES)


def script_of(stage):
    return ast.parse((REPO / "scripts" / f"{stage}.py").read_text())


def outputs(stage):
    """Path -> options of every output."""
    body = STAGES[stage]
    entries = [*body.get("outs", []), *body.get("metrics", []), *body.get("plots", [])]
    return {
        k: v
        for each in entries
        for k, v in (each if isinstance(each, dict) else {each: {}}).items()
    }


# --- what a stage reads is what it tracks ---------------------------------------------------------


def is_load(node):
    """Whether this is ``Params.load(...)`` or ``CorpusParams.load(...)``."""
    return isinstance(node, ast.Call) and ast.unparse(node.func) in {f"{n}.load" for n in LOADERS}


def is_tree(annotation):
    return annotation is not None and ast.unparse(annotation) in LOADERS


def loaded_names(tree):
    """Names that a tree of parameters has: assigned from a load, or annotated as one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and is_load(node.value):
            yield from (ast.unparse(target) for target in node.targets)
        elif isinstance(node, ast.arg | ast.AnnAssign) and is_tree(node.annotation):
            yield node.arg if isinstance(node, ast.arg) else ast.unparse(node.target)


def attributes_read(tree):
    """Attributes read of a tree of parameters: ``params.train``, ``self.params.train``."""
    names = set(loaded_names(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value
            name = owner.attr if isinstance(owner, ast.Attribute) else ast.unparse(owner)
            if is_load(owner) or name in names:
                yield node.attr


def receivers(tree):
    """What a script hands its whole tree of parameters to, by the name it imports."""
    names = set(loaded_names(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            if any(ast.unparse(each) in names for each in given):
                yield ast.unparse(node.func).split(".")[0]


def module_that_defines(name, tree):
    """The module of alm where something that a script imports is defined."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and name in {alias.name for alias in node.names}:
            for path in sorted((SRC / node.module.split(".")[1]).rglob("*.py")):
                module = ast.parse(path.read_text())
                if name in {getattr(each, "name", None) for each in module.body}:
                    return module
    raise AssertionError(f"{name} is imported from nowhere in alm")


def reads_of(tree):
    """Attributes of the parameters that a script reads, itself or in what it hands them to."""
    handed = [module_that_defines(name, tree) for name in sorted(set(receivers(tree)))]
    return {name for each in (tree, *handed) for name in attributes_read(each)}


@every_stage
def test_stage_tracks_just_the_sections_that_its_script_reads(stage):
    """A shared section and what the preset lays over it: DVC sees a change of either."""
    tracked = STAGES[stage].get("params", [])
    group = GROUPS[stage]
    read = reads_of(script_of(stage)) & {"seed", *SECTIONS[group]}
    twins = {f"{group}.${{key}}.{section}" for section in read - {"seed"}}

    assert sorted(tracked) == sorted(read | twins)


@every_stage
@pytest.mark.parametrize("what", FILES)
def test_stage_depends_on_the_file_behind_what_its_script_reads(stage, what):
    reads = what in reads_of(script_of(stage))

    assert reads == (FILES[what] in STAGES[stage]["deps"])


@pytest.mark.parametrize("path", sorted(SRC.rglob("*.py")), ids=lambda p: str(p.relative_to(SRC)))
def test_parameters_are_loaded_by_scripts_alone(path):
    place = path.relative_to(SRC)

    if not {place.as_posix(), place.parts[0]} & MAY_LOAD.keys():
        assert not [node.lineno for node in ast.walk(ast.parse(path.read_text())) if is_load(node)]


def test_every_knob_is_read_somewhere():
    """A value that nothing reads is a promise nobody keeps."""
    sections = [*SECTIONS["presets"], *SECTIONS["corpora"]]
    types = {**Params.model_fields, **CorpusParams.model_fields}
    knobs = {f.name for s in sections for f in dataclasses.fields(types[s].annotation)}
    modules = [path for path in sorted(SRC.rglob("*.py")) if path.parent.name != "config"]
    scripts = sorted((REPO / "scripts").glob("*.py"))
    nodes = [n for path in modules + scripts for n in ast.walk(ast.parse(path.read_text()))]

    assert knobs - {node.attr for node in nodes if isinstance(node, ast.Attribute)} == set()


# --- paths stand in dvc.yaml and nowhere else -----------------------------------------------------


@every_stage
def test_command_names_just_the_paths_that_the_stage_declares(stage):
    """Code and configuration are found by import and by name; everything else is an argument."""
    words = set(STAGES[stage]["cmd"].split())
    declared = {*STAGES[stage]["deps"], *outputs(stage)}

    assert {word for word in words if "/" in word} <= declared
    assert {path for path in declared if not path.startswith(("src/alm/", "configs/"))} <= words


@every_stage
def test_command_speaks_the_options_of_its_script(stage):
    calls = [node for node in ast.walk(script_of(stage)) if isinstance(node, ast.Call)]
    added = [each for each in calls if ast.unparse(each.func).endswith(".add_argument")]
    options = {ast.literal_eval(each.args[0]): ast.unparse(each) for each in added}
    given = set(re.findall(r"--[\w-]+", STAGES[stage]["cmd"]))

    assert given <= options.keys()
    assert {name for name, call in options.items() if "required=True" in call} <= given


@every_stage
def test_dependencies_stand_in_order_and_once(stage):
    deps = STAGES[stage]["deps"]

    assert len(set(deps)) == len(deps)
    assert [d for d in deps if d.startswith("src/")] == sorted(
        d for d in deps if d.startswith("src/")
    )


@every_stage
def test_reports_are_committed_and_builds_are_cached(stage):
    for path, options in outputs(stage).items():
        assert path.startswith("reports/" if options.get("cache") is False else "build/"), path
        assert "persist" not in options, "a stale result would be taken for a new one"


@every_stage
def test_metrics_and_plots_are_not_cached(stage):
    for kind in ("metrics", "plots"):
        for entry in STAGES[stage].get(kind, []):
            assert all(options["cache"] is False for options in entry.values()), entry


def test_stages_stand_in_the_order_in_which_they_run():
    """The verbs that name the first stage of something go by the order of the file."""
    makers = {path: stage for stage in STAGES for path in outputs(stage)}
    order = list(STAGES)

    read = [(makers.get(dep), stage) for stage in order for dep in STAGES[stage].get("deps", [])]

    found = [(order.index(maker), order.index(stage)) for maker, stage in read if maker]
    assert len(found) > len(order)
    assert [pair for pair in found if pair[0] >= pair[1]] == []


def test_no_two_stages_write_one_path():
    written = [path for stage in STAGES for path in outputs(stage)]

    assert len(set(written)) == len(written)


# --- parameters -----------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", list_presets(REPO))
def test_preset_loads_and_writes_every_section(preset):
    Params.load(preset, REPO)

    assert PARAMS["presets"][preset].keys() == {"corpus", "model", *Params.SECTIONS}


@pytest.mark.parametrize("corpus", list_corpora(REPO))
def test_corpus_loads_and_writes_every_section(corpus):
    CorpusParams.load(corpus, REPO)

    assert PARAMS["corpora"][corpus].keys() == {"input", *CorpusParams.SECTIONS}


@pytest.mark.parametrize("model", list_models(REPO))
def test_shape_loads(model):
    load_model_config(model, REPO)


@pytest.mark.parametrize("preset", list_presets(REPO))
def test_chain_of_starts_ends_at_scratch_with_one_shape_and_corpus(preset):
    own = PARAMS["presets"][preset]
    seen = [preset]
    while (init := PARAMS["presets"][seen[-1]]["train"]["init"]) != "scratch":
        assert init not in seen, "the presets start from each other"
        start = PARAMS["presets"][init]
        assert start["corpus"] == own["corpus"]
        shapes = [load_model_config(each["model"], REPO) for each in (start, own)]
        fits = [dataclasses.replace(each, rope_scaling=None, targets=()) for each in shapes]
        assert fits[0] == fits[1]
        seen.append(init)


def test_recipes_are_those_of_the_corpora():
    recipes = sorted((REPO / "configs" / "corpora").glob("*.yaml"))

    assert {path.stem for path in recipes} == set(list_corpora(REPO))


# --- DVC ------------------------------------------------------------------------------------------


def test_lock_names_only_stages_that_exist():
    lock = REPO / "dvc.lock"
    locked = read_yaml("dvc.lock")["stages"] if lock.exists() else {}
    keys = {name: PARAMS.get(group, ()) for name, group in GROUPS.items()}
    known = {f"{name}@{key}" for name in STAGES for key in keys[name]}

    assert locked.keys() <= known | {name for name, group in GROUPS.items() if not group}


def test_dvc_ignores_what_python_leaves_behind():
    """A hashed folder with compiled files in it changes with every import."""
    assert {"__pycache__", "*.pyc"} <= set((REPO / ".dvcignore").read_text().split())


def test_dvc_tells_nobody_stages_nothing_and_links_nothing():
    config = configparser.ConfigParser()
    config.read(REPO / ".dvc" / "config")

    assert not config.getboolean("core", "analytics")
    assert not config.getboolean("core", "autostage")  # a staged lock hides from `git diff`
    assert config["cache"]["type"].strip('"') == "reflink,copy"


# --- the rules catch what they are for ------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ("params = Params.load(p)\nf(params.train, params.seed)", {"train", "seed"}),
        ("f(CorpusParams.load(c).pack)", {"pack"}),
        ("lr = Params.load(p).train.lr", {"train"}),
        ("def f(p: Params):\n    return p.data.seq_len", {"data"}),
        ("class A:\n    p: Params\n    def f(self):\n        self.p.data", {"data"}),
        ("params = other(p)\nparams.train", set()),
    ],
)
def test_every_way_to_read_a_section_is_seen(source, reads):
    assert reads_of(ast.parse(source)) == reads


def test_what_a_script_hands_its_parameters_to_is_read_too(tmp_path, monkeypatch):
    (tmp_path / "infer").mkdir()
    (tmp_path / "infer" / "b.py").write_text("def say(p: Params):\n    return p.sample\n")
    monkeypatch.setattr(f"{__name__}.SRC", tmp_path)
    source = "from alm.infer import say\np = Params.load(x)\nsay(x, of=p)\np.seed"

    assert reads_of(ast.parse(source)) == {"sample", "seed"}

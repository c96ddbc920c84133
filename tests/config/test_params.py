"""Params: a preset laid over shared values, or an error that names the key and the file."""

import copy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from alm.config import (
    CorpusParams,
    Params,
    Stage,
    list_corpora,
    list_models,
    list_presets,
    load_model_config,
)
from alm.errors import ConfigError

REPO = Path(__file__).parents[2]


def test_preset_overrides_a_shared_field_and_leaves_the_others(house):
    house.set("train.lr", 0.5)
    house.set("train.grad_clip", 7.0)
    house.set("presets.tiny.train.lr", 0.25)

    train = Params.load("tiny", house.root).train

    assert (train.lr, train.grad_clip) == (0.25, 7.0)


def test_scientific_notation_is_a_number(house):
    text = (house.root / "params.yaml").read_text()
    house.write("params.yaml", text.replace("eps: 1.0e-8", "eps: 3e-4"))

    assert Params.load("tiny", house.root).optim.eps == 0.0003


def test_shape_is_taken_whole(house):
    house.set("d_model", 64, file="configs/models/tiny.yaml")

    assert Params.load("tiny", house.root).model.d_model == 64


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("seed", -1, r"seed: .* greater than or equal to 0, found -1"),
        ("seed", 1e3, r"seed: .* valid integer, found 1000\.0"),
        ("seed", None, r"seed: "),
        ("train.lr", "3e-4", r"train\.lr: .* valid number, found '3e-4'"),
        ("train.lr", float("nan"), r"train\.lr: .* finite number, found nan"),
        ("train.lr", float("inf"), r"train\.lr: .* finite number, found inf"),
        ("train.lr", True, r"train\.lr: .* valid number, found True"),
        ("train.tokens", 1e6, r"train\.tokens: .* valid integer"),
        ("train.tokens", True, r"train\.tokens: .* valid integer, found True"),
        ("train.schedule", "linear", r"train\.schedule: .* 'wsd' or 'cosine', found 'linear'"),
        ("train.warmup_fraction", 1.5, r"train\.warmup_fraction: .* less than or equal to 1"),
        (
            "train.micro_batch_size",
            5,
            r"batch_size \(16\) is no multiple of micro_batch_size \(5\)",
        ),
        ("train.lrr", 1.0, r"train\.lrr: unknown key \(did you mean 'lr'\?\); remove it"),
        ("optim.betas", [0.9], r"optim\.betas"),
        ("optim.betas", [0.9, 1.0], r"optim\.betas\.1: .* less than 1, found 1\.0"),
        ("sample.prompts", "one", r"sample\.prompts: .* valid tuple, found 'one'"),
        ("sample.prompts", [1], r"sample\.prompts\.0: .* valid string, found 1"),
        ("sample.top_p", 0, r"sample\.top_p: .* greater than 0"),
        ("data.seq_len", 4, r"data\.seq_len: .* greater than or equal to 8"),
        ("runtime", "portable", r"expected a mapping at presets\.tiny\.runtime, found 'portable'"),
    ],
)
def test_wrong_value_is_told_with_its_key_and_file(house, key, value, message):
    house.set(key if key == "seed" else f"presets.tiny.{key}", value)
    if key == "train.micro_batch_size":
        house.set("presets.tiny.train.batch_size", 16)

    with pytest.raises(ConfigError, match=rf"^params\.yaml: (.|\n)*{message}"):
        Params.load("tiny", house.root)


@pytest.mark.parametrize("key", ["train", "presets.tiny.train", "sample", "presets.tiny.optim"])
def test_section_left_out_is_named(house, key):
    house.drop(key)

    with pytest.raises(
        ConfigError, match=rf"^params\.yaml: expected a mapping at {key}, found not"
    ):
        Params.load("tiny", house.root)


def test_key_left_out_is_named(house):
    house.drop("train.grad_clip")

    with pytest.raises(ConfigError, match=r"train\.grad_clip: missing; write it"):
        Params.load("tiny", house.root)


@pytest.mark.parametrize("key", ["extra", "presets.tiny.extra", "presets.tiny.input"])
def test_key_that_nothing_reads_is_refused(house, key):
    house.set(key, {})

    with pytest.raises(ConfigError, match=rf"^params\.yaml: unknown key {key}"):
        Params.load("tiny", house.root)


@pytest.mark.parametrize("key", ["corpus", "model"])
@pytest.mark.parametrize("value", ["nope", None, 3, {}, ["tiny"]], ids=repr)
def test_corpus_and_shape_that_do_not_exist_end_with_the_known_ones(house, key, value):
    house.set(f"presets.tiny.{key}", value)

    with pytest.raises(ConfigError, match=rf"^params.yaml: presets\.tiny\.{key}: no {key} .*from:"):
        Params.load("tiny", house.root)


def test_start_from_another_preset_is_accepted(house):
    house.set("presets.tiny.train.init", "pico")

    assert Params.load("tiny", house.root).train.init == "pico"


@pytest.mark.parametrize(
    ("starts", "circle"),
    [
        ({"tiny": "pico", "pico": "tiny"}, "tiny <- pico <- tiny"),
        ({"tiny": "pico", "pico": "own", "own": "tiny"}, "tiny <- pico <- own <- tiny"),
        ({"tiny": "pico", "pico": "own", "own": "pico"}, "tiny <- pico <- own <- pico"),
        ({"tiny": "pico", "pico": "pico"}, "tiny <- pico <- pico"),
    ],
)
def test_presets_that_start_from_each_other_are_refused(house, starts, circle):
    for name, start in starts.items():
        house.set(f"presets.{name}.train.init", start)

    with pytest.raises(ConfigError, match=rf"tiny\.train\.init: .* circle, {circle}; set train"):
        Params.load("tiny", house.root)


def test_a_line_of_presets_that_begins_from_scratch_is_taken(house):
    house.set("presets.tiny.train.init", "pico")
    house.set("presets.pico.train.init", "own")

    assert Params.load("tiny", house.root).train.init == "pico"


@pytest.mark.parametrize("broken", [None, 3, {"train": None}, {"train": {"init": [1]}}, {}])
def test_what_is_wrong_with_the_start_of_the_start_is_its_own_matter(house, broken):
    house.set("presets.tiny.train.init", "pico")
    house.set("presets.pico", broken)

    assert Params.load("tiny", house.root).train.init == "pico"


@pytest.mark.parametrize("init", ["nope", "tiny", ""])
def test_start_from_no_preset_or_from_itself_is_refused(house, init):
    house.set("presets.tiny.train.init", init)

    with pytest.raises(ConfigError, match=r"presets\.tiny\.train\.init: expected 'scratch' or an"):
        Params.load("tiny", house.root)


def test_start_is_written_by_each_preset_because_dvc_reads_it_there(house):
    house.drop("presets.tiny.train.init")

    with pytest.raises(ConfigError, match=r"presets\.tiny\.train\.init: missing"):
        Params.load("tiny", house.root)


def test_no_preset_may_be_called_scratch(house):
    house.set("presets.scratch", house.read("params.yaml")["presets"]["pico"])

    with pytest.raises(ConfigError, match=r"presets\.scratch: .*; rename it"):
        Params.load("tiny", house.root)


@pytest.mark.parametrize("file", ["params.yaml", "configs/models/tiny.yaml"])
def test_broken_yaml_is_told_with_file_and_line(house, file):
    house.write(file, "a: 1\nb: [\n")

    with pytest.raises(ConfigError, match=rf"{file}, line 3: "):
        Params.load("tiny", house.root)


def test_absent_params_are_told(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot read .*params\.yaml"):
        Params.load("tiny", tmp_path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("d_modle", 8, r"d_modle: unknown key \(did you mean 'd_model'\?\)"),
        ("d_head", 7, r"d_head \(7\) must be even"),
        ("n_kv_heads", 3, r"n_heads \(4\) is no multiple of n_kv_heads \(3\)"),
        ("moe.n_dense_layers", 4, r"moe\.n_dense_layers \(4\) leaves no mixture in 4 layers"),
        ("moe.n_experts_per_token", 5, r"moe: n_experts_per_token \(5\) must be from 1 to .*\(4\)"),
        ("moe.router", "argmax", r"moe\.router: Input should be 'sigmoid' or 'softmax'"),
        ("window", {"siez": 8}, r"window\.size: missing.*\n.*\n.*siez: unknown .* mean 'size'"),
        ("targets", ["mlx", "onnx"], r"targets\.1: Input should be 'transformers', 'mlx' or"),
        ("position", "alibi", r"targets: expected a shape that transformers and mlx and llama_cpp"),
        ("moe", 3, r"moe: "),
        ("tied_embeddings", "yes", r"tied_embeddings: .* valid boolean, found 'yes'"),
    ],
)
def test_wrong_shape_is_told_with_its_key_and_file(house, key, value, message):
    house.set(key, value, file="configs/models/tiny.yaml")

    with pytest.raises(ConfigError, match=rf"^configs/models/tiny\.yaml cannot .*\n  {message}"):
        load_model_config("tiny", house.root)


@pytest.mark.parametrize("name", ["nope", "../params", ""])
def test_unknown_shape_ends_with_the_known_ones(root, name):
    with pytest.raises(
        ConfigError, match=r"no model .* in configs/models; choose from: alm_pico_dense, .*, tiny"
    ):
        load_model_config(name, root)


def test_models_are_sorted_and_presets_are_not(house):
    assert list_models(house.root) == sorted(list_models(house.root))
    assert list_presets(house.root) == list(house.read("params.yaml")["presets"])


# --- whatever is done to params.yaml, there is a result or a ConfigError -------------------------

PARAMS = YAML(typ="safe", pure=True).load(REPO / "params.yaml")
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["scratch", "tiny", "../x", 2**80, -1, 0, 1.0]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=4,
)


def paths_of(tree, prefix=()):
    for key, value in tree.items():
        yield (*prefix, key)
        if isinstance(value, dict):
            yield from paths_of(value, (*prefix, key))


def check(root):
    """Read what building the preset tiny would read."""
    try:
        params = Params.load("tiny", root)
        CorpusParams.load(params.corpus, root)
        list_corpora(root)
        Stage.load("pretrain", "tiny", root)
        Stage.load("ingest", params.corpus, root)
    except ConfigError as error:
        assert ".yaml" in str(error)


@settings(max_examples=20)
@given(
    changes=st.lists(
        st.tuples(st.sampled_from(list(paths_of(PARAMS))), st.just(...) | VALUES),
        min_size=1,
        max_size=3,
    )
)
def test_any_change_of_values_gives_a_result_or_a_config_error(house_of_all, changes):
    tree = copy.deepcopy(PARAMS)
    for (*branches, name), value in changes:
        branch = tree
        for each in branches:
            branch = branch.get(each) if isinstance(branch, dict) else None
        if isinstance(branch, dict):
            branch.pop(name, None)
            if value is not ...:
                branch[name] = value
    house_of_all.write("params.yaml", tree)

    check(house_of_all.root)


@settings(max_examples=20)
@given(
    start=st.integers(0, len((REPO / "params.yaml").read_text())),
    length=st.integers(0, 20),
    text=st.text(alphabet=" \n\t:-[]{}#&*!?'\"%@0e.~a", max_size=5),
)
def test_any_slip_of_the_pen_gives_a_result_or_a_config_error(house_of_all, start, length, text):
    whole = (REPO / "params.yaml").read_text()
    house_of_all.write("params.yaml", whole[:start] + text + whole[start + length :])

    check(house_of_all.root)

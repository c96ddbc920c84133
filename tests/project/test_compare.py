"""Where two builds part: the first stage, step and tensor that differ."""

import shutil
from pathlib import Path

import pytest
import torch

from alm.checkpoint import write_tensors
from alm.errors import InputError
from alm.io import Manifest, write_json
from alm.project.compare import compare_builds
from alm.project.lockfile import digest_as_dvc

ROOT = Path(__file__).parents[2]
TABLE = "step,loss,weights\n10,2.5,aa\n20,2.25,bb\n"
PRETRAIN = """\
  pretrain@tiny:
    cmd: train
    deps:
    - {path: src/alm/optim, md5: OPTIM}
    params:
      params.yaml: {seed: SEED}
    outs:
    - {path: model, md5: MODEL}
    - {path: loss.csv, md5: TABLE}
"""
LOCK = f"""\
stages:
  pack@synthetic:
    cmd: pack
    deps: [{{path: text, md5: a}}]
    outs: [{{path: packed, md5: b}}]
{PRETRAIN}"""


def write_model(root, weight):
    shutil.rmtree(root / "model", ignore_errors=True)
    (root / "model").mkdir()
    tensors = {"embed": torch.ones(3), "norm": torch.tensor([1.0, weight])}
    write_tensors(root / "model" / "model.safetensors", tensors)
    Manifest.write(root / "model", "model", params={}, inputs={}, facts={})


@pytest.fixture
def builds(tmp_path):
    """Two working copies with the same build of tiny."""
    roots = [tmp_path / "a", tmp_path / "b"]
    for root in roots:
        root.mkdir()
        for name in ("dvc.yaml", "params.yaml", "configs"):
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, root / name)
        (root / "dvc.lock").write_text(LOCK)
        (root / "loss.csv").write_text(TABLE)
        write_model(root, 0.5)
        text = LOCK.replace("MODEL", digest_as_dvc(root / "model"))
        (root / "dvc.lock").write_text(text.replace("TABLE", digest_as_dvc(root / "loss.csv")))
    return roots


def relock(root, **changes):
    text = LOCK
    for old, new in changes.items():
        text = text.replace(f": {old}}}", f": {new}}}")
    (root / "dvc.lock").write_text(text)


def test_equal_builds_are_said_to_be(builds):
    assert compare_builds(*builds, "tiny") == (
        "tiny: the results of all 2 stages that both have built are the same"
    )


def test_one_working_copy_is_not_compared_with_itself(builds):
    with pytest.raises(InputError, match="expected two working copies, found .*a twice"):
        compare_builds(builds[0], builds[0].parent / "b" / ".." / "a", "tiny")


def test_what_only_one_has_built_is_named(builds):
    text = (builds[0] / "dvc.lock").read_text()
    (builds[0] / "dvc.lock").write_text(text.replace("stages:\n", "stages:\n  scratch: {cmd: x}\n"))

    said = compare_builds(*builds, "tiny").splitlines()

    assert f"  built in {builds[0]} alone: scratch" in said


def test_results_on_disk_that_the_lock_does_not_name_are_told(builds):
    (builds[1] / "loss.csv").write_text("by hand")

    assert f"  but {builds[1] / 'loss.csv'} is not what dvc.lock names" in compare_builds(
        *builds, "tiny"
    )


def test_the_values_that_differ_are_named(builds):
    for root, loss in zip(builds, (1.5, 1.25), strict=True):
        write_json(root / "loss.json", {"same": 1, "val": {"loss": loss, "step": [loss]}})
        text = LOCK.replace("path: loss.csv, md5: TABLE", f"path: loss.json, md5: t{loss}")
        (root / "dvc.lock").write_text(text)

    said = compare_builds(*builds, "tiny")

    assert "    loss.val.loss: 1.5 and 1.25\n" in said
    assert said.endswith("    loss.val.step: [1.5] and [1.25]")


def test_the_first_stage_is_named_with_its_cause(builds):
    relock(builds[1], MODEL="other", SEED="4")

    said = compare_builds(*builds, "tiny").splitlines()

    assert said[0] == "the first stage with another result is pretrain@tiny"
    assert said[1] == "  because of: param seed"


def test_another_result_of_equal_inputs_has_no_declared_cause(builds):
    relock(builds[1], MODEL="other")

    assert "because of: nothing declared" in compare_builds(*builds, "tiny")


def test_an_earlier_stage_is_named_before_a_later_one(builds):
    relock(builds[1], MODEL="other", b="c", a="d")

    said = compare_builds(*builds, "tiny").splitlines()

    assert said[0] == "the first stage with another result is pack@synthetic"
    assert said[1] == "  because of: input text"


def test_a_difference_that_came_with_the_first_weights_is_named_where_it_began(builds):
    for root in builds:
        params = (root / "params.yaml").read_text()
        child = "presets:\n  child:\n    corpus: synthetic\n    model: tiny\n"
        child += "    runtime: {}\n    data: {}\n    optim: {}\n    train: {init: tiny}\n"
        child += "    evaluate: {}\n    quantize: {}\n    sample: {}\n"
        (root / "params.yaml").write_text(params.replace("presets:", child, 1))
        lock = (root / "dvc.lock").read_text()
        own = "  pretrain@child:\n    cmd: train\n    outs: [{path: child, md5: CHILD}]\n"
        (root / "dvc.lock").write_text(lock + own.replace("CHILD", root.name))
    parent = (builds[1] / "dvc.lock").read_text()
    (builds[1] / "dvc.lock").write_text(parent.replace("md5: OPTIM", "md5: other", 1))
    write_model(builds[1], 0.25)
    digest = digest_as_dvc(builds[0] / "model")
    changed = (
        (builds[1] / "dvc.lock").read_text().replace(digest, digest_as_dvc(builds[1] / "model"))
    )
    (builds[1] / "dvc.lock").write_text(changed)

    said = compare_builds(*builds, "child")

    assert "the first stage with another result is pretrain@tiny" in said


def test_the_first_step_that_differs_is_named(builds):
    relock(builds[1], TABLE="other")
    (builds[1] / "loss.csv").write_text(TABLE.replace("2.25,bb", "2.25,cc"))

    said = compare_builds(*builds, "tiny")

    assert "first after step 10, at step 20: weights bb and cc" in said


def test_the_tensors_that_differ_are_named_with_their_distance(builds):
    relock(builds[1], MODEL="other")
    write_model(builds[1], 0.75)

    said = compare_builds(*builds, "tiny")

    assert "1 of 2 tensors differ" in said
    assert "norm: 1 of 2 numbers, by at most 0.25" in said


def test_a_result_that_is_gone_is_said_to_be(builds):
    relock(builds[1], MODEL="other")
    shutil.rmtree(builds[1] / "model")

    assert "one of the two is not on disk any more" in compare_builds(*builds, "tiny")


def test_a_folder_without_a_build_is_refused(builds, tmp_path):
    with pytest.raises(InputError, match=r"found no dvc\.yaml"):
        compare_builds(builds[0], tmp_path, "tiny")

    (builds[1] / "dvc.lock").unlink()
    with pytest.raises(InputError, match="expected a build of tiny"):
        compare_builds(*builds, "tiny")

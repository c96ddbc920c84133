"""The cache knows the code: a change reruns what depends on it, and nothing else."""

import pytest

pytestmark = pytest.mark.slow

AFTER_TRAINING = ["evaluate", "quantize", "sample", "report"]


def change_preset(section, **values):
    def change(house):
        house.edit("params.yaml", lambda p: p["presets"]["tiny"][section].update(values))

    return change


def change_code(house):
    house.replace("src/alm/quant/__init__.py", '"""', '"""Changed. ')


def change_shape(house):
    house.replace("configs/models/tiny.yaml", "norm_eps: 1.0e-6", "norm_eps: 1.0e-5")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda house: None, []),
        (change_preset("train", lr=0.005), ["pretrain", *AFTER_TRAINING]),
        (change_preset("sample", temperature=0.7), ["evaluate", "sample", "report"]),
        (change_code, ["quantize", "evaluate", "report"]),
        (change_shape, ["pretrain", *AFTER_TRAINING]),
    ],
    ids=["nothing", "train.lr", "sample.temperature", "src/alm/quant", "configs/models/tiny.yaml"],
)
def test_a_change_reruns_what_follows_and_nothing_else(built_house, tmp_path, change, expected):
    house = built_house.copy(tmp_path / "house")

    change(house)

    assert sorted(house.stages_run("report@tiny")) == sorted(expected)


def test_an_edited_text_of_ones_own_reruns_its_corpus(micro_house, tmp_path):
    house = micro_house.copy(tmp_path / "house")
    (house.root / "data/own").mkdir()
    for name in ("a", "b", "c"):
        (house.root / f"data/own/{name}.txt").write_text(f"This is the file {name}.\n")
    assert house.stages_run("dedup@own") == ["ingest", "normalize", "dedup"]

    (house.root / "data/own/b.txt").write_text("This was the file b.\n")

    assert house.stages_run("dedup@own") == ["ingest", "normalize", "dedup"]
    assert house.stages_run("dedup@own") == []

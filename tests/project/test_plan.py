import pytest

from alm.config import Machine
from alm.errors import IntegrityError
from alm.io import Manifest, new_directory
from alm.project.plan import MODEL_STAGES, TEXT_STAGES, Plan, render, spell_seconds


@pytest.fixture
def machine(tmp_path):
    return Machine(state_dir=tmp_path / "states")


def pack(project, tokens):
    out = project / "build" / "corpora" / "synthetic" / "packed"
    with new_directory(out) as directory:
        (directory / "train-00000.alm").write_bytes(bytes(1000))
        sources = {"stories": {"tokens": tokens // 4}, "letters": {"tokens": tokens - tokens // 4}}
        train = {"tokens": tokens, "shards": ["train-00000.alm"], "sources": sources}
        splits = {"train": train, "val": {"shards": [], "sources": {}}}
        facts = {"splits": splits, "sources": [{"name": name} for name in sources]}
        Manifest.write(directory, "corpus.packed", params={}, inputs={}, facts=facts)
    return out


@pytest.fixture
def change(change):
    """Change parameters, from a training of 147 steps of 16 rows of 128."""
    change("presets.tiny.data", {"seq_len": 128})
    change("presets.tiny.train", {"init": "scratch", "tokens": 300_000, "batch_size": 16})
    change("presets.tiny.train.micro_batch_size", 16)
    return change


def test_tokens_are_those_of_whole_steps(project, machine, change):
    plan = Plan.of("tiny", machine, project)

    assert plan.steps == 147
    assert plan.tokens == 147 * 16 * 128


def test_a_corpus_that_is_not_packed_is_pointed_to(project, machine):
    plan = Plan.of("tiny", machine, project)

    assert plan.budget.tokens is None
    assert "not packed yet: `make pack PRESET=tiny`" in render(plan)
    assert "shards   unknown before there is a tokenizer" in render(plan)


def test_a_packed_corpus_says_how_often_it_is_read(project, machine, change):
    pack(project, tokens=150_528)

    assert "150,528 tokens to train on: each is read 2.00 times" in render(
        Plan.of("tiny", machine, project)
    )


def test_a_mixture_says_how_often_each_source_is_read(project, machine, change):
    pack(project, tokens=200_704)
    change("presets.tiny.data", {"seq_len": 128, "mixture": {"stories": 0.5, "letters": 0.5}})

    lines = render(Plan.of("tiny", machine, project)).splitlines()

    assert "times" not in next(line for line in lines if line.startswith("corpus "))
    assert "stories   50,176  3.00 times  packed" in lines
    assert "letters  150,528  1.00 times  packed" in lines


def test_shards_are_counted_and_weighed(project, machine):
    pack(project, tokens=1000)

    assert "shards   1 file, 1.0 kB in all" in render(Plan.of("tiny", machine, project))


def test_a_recipe_that_says_how_many_tokens_it_gives_is_believed(project, machine, change, jsonl):
    jsonl(target_tokens=1_000_000, bytes_per_token=4.0)

    plan = Plan.of("tiny", machine, project)

    assert "not packed yet; about 1,000,000 tokens, as below: each is read about 0.30 times" in (
        render(plan)
    )
    assert {stage.name: stage.n_bytes for stage in plan.stages}["pack"] == 4_210_524


def test_a_vocabulary_that_the_text_decides_is_the_ceiling_until_it_is_built(
    project, machine, change
):
    change("corpora.synthetic.tokenizer", {"vocab_size": "auto"})
    before = Plan.of("tiny", machine, project)
    with new_directory(project / "build" / "corpora" / "synthetic" / "tokenizer") as root:
        facts = {"vocab_size": 500, "val": {"bytes_per_token": {}}}
        Manifest.write(root, "tokenizer", params={}, inputs={}, facts=facts)
    after = Plan.of("tiny", machine, project)

    model = before.params.model
    assert before.flops - after.flops == 6 * (model.vocab_size - 500) * model.d_model * after.tokens


def test_suggestions_stand_beside_the_numbers_that_are_set(project, machine, change):
    change("presets.tiny.train.lr", 0.5)

    lines = render(Plan.of("tiny", machine, project)).splitlines()

    assert any(line.startswith("batch    2,048 tokens a step; 2,048 suggested") for line in lines)
    assert any(line.startswith("lr       0.5; 0.0088 suggested at this batch") for line in lines)
    assert any(line.startswith("muon     32% on top of a step's") for line in lines)


def test_a_damaged_corpus_is_named(project, machine):
    (pack(project, tokens=1) / "manifest.json").write_text("{}")

    with pytest.raises(IntegrityError, match="manifest"):
        Plan.of("tiny", machine, project)


def test_every_stage_is_listed_and_only_what_exists_is_built(project, machine):
    pack(project, tokens=1000)

    stages = {stage.name: stage for stage in Plan.of("tiny", machine, project).stages}

    assert tuple(stages) == TEXT_STAGES + MODEL_STAGES
    assert [name for name, stage in stages.items() if stage.built] == ["pack"]
    assert stages["pack"].n_bytes > 1000
    assert stages["ingest"].n_bytes is None


def test_a_model_is_sized_before_it_is_built(project, machine):
    plan = Plan.of("tiny", machine, project)

    pretrain = next(stage for stage in plan.stages if stage.name == "pretrain")
    assert (pretrain.built, pretrain.n_bytes) == (False, 8 * plan.size.total)


def test_a_stage_is_built_when_all_of_its_outputs_are_there(project, machine):
    (project / "reports" / "tiny").mkdir(parents=True)
    (project / "reports" / "tiny" / "pretrain.json").write_text("{}")

    stages = {stage.name: stage.built for stage in Plan.of("tiny", machine, project).stages}

    assert not stages["pretrain"]


def test_a_smaller_tokenizer_makes_less_work(project, machine, change):
    work = []
    for vocab_size in (1000, 500):
        change("corpora.synthetic.tokenizer", {"vocab_size": vocab_size})
        work.append(Plan.of("tiny", machine, project))

    d_model = work[0].params.model.d_model
    assert work[0].flops - work[1].flops == 6 * 500 * d_model * work[0].tokens


def test_planning_writes_nothing(project, machine):
    before = sorted(project.rglob("*"))
    Plan.of("tiny", machine, project)

    assert sorted(project.rglob("*")) == before


def test_a_preset_that_continues_another_says_so(project, machine, change):
    change("presets.tiny.train.init", "own")

    assert "starting from preset own" in render(Plan.of("tiny", machine, project))


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.2, "1 seconds"),
        (80, "80 seconds"),
        (90, "1.5 minutes"),
        (5400, "1.5 hours"),
        (864000, "10.0 days"),
    ],
)
def test_durations_have_the_unit_that_fits(seconds, expected):
    assert spell_seconds(seconds) == expected

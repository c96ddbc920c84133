import json
from dataclasses import asdict, replace

import pytest

from alm.config import Machine, Params
from alm.config.params import load_model_config
from alm.model import describe
from alm.project.cost import (
    count_parameters,
    cpu_flags,
    flops_per_token,
    int8_bytes,
    model_bytes,
    training_rate,
    training_seconds,
)

SHAPES = ["tiny", "pico", "nano", "dense_pico", "base"]


@pytest.mark.parametrize(("name", "millions"), [("tiny", 1.2), ("pico", 15.5), ("base", 433)])
def test_shapes_have_the_size_that_their_files_claim(name, millions):
    config = load_model_config(name)

    assert count_parameters(config).total / 1e6 == pytest.approx(millions, 0.02)


def test_pico_takes_57_million_operations_a_token():
    assert flops_per_token(load_model_config("pico"), 8192, 512) / 1e6 == pytest.approx(57, abs=0.5)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("tied", [True, False])
def test_counts_are_those_of_the_network_itself(name, tied):
    config = replace(load_model_config(name), tied_embeddings=tied)
    n_vocab = config.vocab_size - 100

    size, expected = count_parameters(config), describe(config, n_vocab, seq_len=256)

    assert (size.total, size.active) == (expected.n_parameters, expected.n_active)
    assert flops_per_token(config, n_vocab, 256) == expected.flops_per_token


def test_a_token_passes_through_its_experts_only():
    config = load_model_config("tiny")
    unused = config.moe.n_experts - config.moe.n_experts_per_token
    n_mixed = config.n_layers - config.moe.n_dense_layers

    size = count_parameters(config)

    assert size.total - size.active == n_mixed * unused * 3 * config.d_model * config.moe.d_expert


def test_an_untied_input_embedding_is_looked_up_and_costs_nothing():
    tied = load_model_config("tiny")

    untied = flops_per_token(replace(tied, tied_embeddings=False), 1000, 128)

    assert untied == flops_per_token(tied, 1000, 128)


def test_a_smaller_tokenizer_has_fewer_logits_to_compute():
    config = load_model_config("tiny")

    saved = flops_per_token(config, 1024, 128) - flops_per_token(config, 1000, 128)

    assert saved == 6 * 24 * config.d_model


def write_run(state, model):
    """Leave what a run of a shape leaves: its speed, and what it was."""
    run = state / "tiny" / "0123456789ab"
    run.mkdir(parents=True)
    timings = {"tokens_per_second": 1000.0, "effort": Machine().effort("portable")}
    (state / "tiny" / "timings.json").write_text(json.dumps(timings))
    (state / "tiny" / "current.json").write_text(json.dumps({"run": run.name}))
    (run / "config.json").write_text(json.dumps({"model": asdict(model)}))


def test_the_speed_of_another_shape_says_nothing(project, tmp_path):
    params = Params.load("tiny", project)
    write_run(tmp_path, load_model_config("pico", project))

    rate = training_rate("tiny", params, 1024, Machine(state_dir=tmp_path))

    assert rate.basis != "as measured here"


def test_a_measured_speed_is_preferred(project, tmp_path):
    state = tmp_path / "state"
    write_run(state, Params.load("tiny", project).model)

    rate = training_rate("tiny", Params.load("tiny", project), 1024, Machine(state_dir=state))

    assert rate.basis == "as measured here"
    assert training_seconds(300_000, rate) == 300


def test_without_a_measurement_the_assumption_is_stated(project, tmp_path):
    machine = Machine(state_dir=tmp_path / "none", device="cpu", threads=2)

    rate = training_rate("pico", Params.load("pico", project), 8192, machine)

    assert rate.basis.startswith("assuming ")
    assert "2 cores" in rate.basis


def test_a_portable_preset_is_not_assumed_to_use_more_than_one_thread(project, tmp_path):
    one, two = (Machine(state_dir=tmp_path, device="cpu", threads=n) for n in (1, 2))
    tiny = Params.load("tiny", project)

    assert training_rate("tiny", tiny, 1024, one) == training_rate("tiny", tiny, 1024, two)


@pytest.mark.parametrize(
    "there", [{"device": "cuda", "threads": 2}, {"device": "cpu", "threads": 16}], ids=str
)
def test_a_speed_measured_on_something_else_says_nothing(project, tmp_path, there):
    params = Params.load("pico", project)
    write_run(tmp_path, params.model)
    effort = Machine(**there).effort("native")
    timings = json.dumps({"tokens_per_second": 1e6, "effort": effort})
    (tmp_path / "tiny" / "timings.json").write_text(timings)

    rates = [
        training_rate("tiny", params, 8192, Machine(state_dir=tmp_path, **each))
        for each in (there, {"device": "cpu", "threads": 2})
    ]

    assert [rate.basis == "as measured here" for rate in rates] == [True, False]


def test_cpu_flags_come_from_the_system(tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor : 0\nflags\t\t: fpu avx2 amx_tile\n\nprocessor : 1\nflags : x\n")

    assert cpu_flags(cpuinfo) == {"fpu", "avx2", "amx_tile"}


def test_a_system_that_cannot_be_asked_has_no_flags(tmp_path):
    assert cpu_flags(tmp_path / "absent") == frozenset()


def test_files_take_four_bytes_a_weight_and_in_int8_a_little_over_one():
    size = count_parameters(load_model_config("pico"))

    assert model_bytes(size) == 2 * 4 * size.total
    assert int8_bytes(size) / size.total == pytest.approx(34 / 32)


@pytest.mark.parametrize("name", ["timings.json", "current.json", "0123456789ab/config.json"])
@pytest.mark.parametrize(
    "content",
    [None, "", "[]", "{}", "5", '{"run": 3, "model": 3, "tokens_per_second": "fast"}'],
    ids=["gone", "empty", "list", "no key", "number", "other types"],
)
def test_a_damaged_record_of_a_former_run_stops_no_estimate(project, tmp_path, name, content):
    params = Params.load("tiny", project)
    write_run(tmp_path, params.model)
    path = tmp_path / "tiny" / name
    path.unlink() if content is None else path.write_text(content)

    rate = training_rate("tiny", params, 1024, Machine(state_dir=tmp_path))

    assert rate.basis.startswith("assuming ")


@pytest.mark.parametrize("speed", ["-1.0", "0", "1" + "0" * 400])
def test_a_speed_that_cannot_be_is_none(project, tmp_path, speed):
    params = Params.load("tiny", project)
    write_run(tmp_path, params.model)
    path = tmp_path / "tiny" / "timings.json"
    path.write_text(path.read_text().replace("1000.0", speed))

    rate = training_rate("tiny", params, 1024, Machine(state_dir=tmp_path))

    assert rate.basis.startswith("assuming ")

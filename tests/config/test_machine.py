"""Machine: what the environment may say, and nothing else."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from alm.config import Machine
from alm.errors import ConfigError


def test_silent_environment_leaves_everything_to_alm():
    machine = Machine.load()

    assert (machine.device, machine.threads, machine.yes, machine.fresh) == (
        "auto",
        None,
        False,
        False,
    )
    assert machine.state_dir == Path(".state")


def test_environment_is_read(monkeypatch):
    monkeypatch.setenv("ALM_DEVICE", "cpu")
    monkeypatch.setenv("ALM_THREADS", "2")
    monkeypatch.setenv("ALM_STATE_DIR", "/elsewhere")
    monkeypatch.setenv("ALM_YES", "1")

    machine = Machine.load()

    assert (machine.device, machine.threads, machine.yes) == ("cpu", 2, True)
    assert machine.state_dir == Path("/elsewhere")


@pytest.mark.parametrize("name", ["ALM_LR", "ALM_TRAIN__LR", "ALM_SEED", "ALM_DEVICES", "ALM_"])
def test_unknown_variable_is_refused_and_names_the_key_to_set(monkeypatch, name):
    monkeypatch.setenv(name, "1")
    key = name.removeprefix("ALM_").lower()

    with pytest.raises(ConfigError, match=rf"found {name}; unset it and set .* \('{key}'\)"):
        Machine.load()


def test_known_variables_stand_in_the_refusal(monkeypatch):
    monkeypatch.setenv("ALM_LR", "1")

    with pytest.raises(ConfigError, match="ALM_DEVICE, ALM_THREADS, ALM_WORKERS, ALM_STATE_DIR"):
        Machine.load()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("ALM_DEVICE", "tpu", "device: .* 'auto', 'cpu', 'cuda' or 'mps', found 'tpu'"),
        ("ALM_THREADS", "0", "threads: .* greater than 0"),
        ("ALM_THREADS", "many", "threads: .* valid integer.*found 'many'"),
        ("ALM_YES", "perhaps", "yes: .* valid boolean.*found 'perhaps'"),
    ],
)
def test_value_of_another_kind_is_told_with_its_key(monkeypatch, name, value, message):
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigError, match=rf"environment \(ALM_\*\) cannot be used:\n  {message}"):
        Machine.load()


@pytest.mark.parametrize("name", ["ALM_DEVICE", "ALM_THREADS", "ALM_STATE_DIR", "ALM_YES"])
def test_empty_variable_is_as_good_as_none(monkeypatch, name):
    """A Makefile that exports a variable its user left out sets it to nothing."""
    before = Machine.load()

    monkeypatch.setenv(name, "")

    assert Machine.load() == before


def test_file_of_environment_variables_is_not_read(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("ALM_DEVICE=cuda\n")
    monkeypatch.chdir(tmp_path)

    assert Machine.load().device == "auto"


def test_machine_is_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        Machine.load().threads = 3

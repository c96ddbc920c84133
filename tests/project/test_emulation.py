import pytest

from alm.errors import ConfigError, InputError
from alm.project.emulation import EMULATORS, LACKING, find_emulator


@pytest.fixture
def linux(monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr("shutil.which", {EMULATORS[1]: "/there/qemu"}.get)
    return monkeypatch


@pytest.mark.parametrize("cpu", LACKING)
def test_a_program_is_started_on_the_cpu_that_was_asked_for(linux, cpu):
    path, option, words = find_emulator(cpu)

    assert (path, option) == ("/there/qemu", "-cpu")
    assert words.split(",")[0] == cpu
    assert all(word.endswith("=off") for word in words.split(",")[1:])


def test_an_unknown_cpu_is_answered_with_the_known_ones(linux):
    with pytest.raises(ConfigError, match="no CPU 'Z80' to emulate; choose from: Nehalem, "):
        find_emulator("Z80")


def test_without_an_emulator_the_cure_is_said(linux):
    linux.setattr("shutil.which", lambda _: None)

    with pytest.raises(InputError, match="apt-get install qemu-user-static"):
        find_emulator("Nehalem")


@pytest.mark.parametrize(("system", "machine"), [("darwin", "arm64"), ("linux", "aarch64")])
def test_another_machine_has_nothing_to_prove(linux, system, machine):
    linux.setattr("sys.platform", system)
    linux.setattr("platform.machine", lambda: machine)

    with pytest.raises(InputError, match="expected Linux on x86-64"):
        find_emulator("Nehalem")

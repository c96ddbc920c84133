import pytest

from alm.errors import ConfigError
from alm.project.device import describe_choice, describe_devices


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    monkeypatch.setenv("ALM_THREADS", "1")


def test_every_kind_of_device_has_a_line():
    lines = describe_devices().splitlines()

    assert [line.split()[0].partition(":")[0] for line in lines][:2] == ["cpu", "cuda"]
    assert {"mps", "chosen"} <= {line.split()[0] for line in lines}


def test_the_choice_is_the_one_that_training_makes(monkeypatch):
    monkeypatch.setenv("ALM_DEVICE", "cpu")

    assert describe_choice().startswith("cpu, ")
    assert describe_choice().endswith(", 1 threads")


def test_a_device_that_is_not_there_is_said_to_be_missing(monkeypatch):
    monkeypatch.setenv("ALM_DEVICE", "mps")
    monkeypatch.setattr("torch.mps.is_available", lambda: False)

    with pytest.raises(ConfigError, match="torch sees only cpu"):
        describe_choice()


@pytest.mark.gpu
def test_a_gpu_is_shown_with_its_memory():
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no GPU")

    assert "GiB" in describe_devices()

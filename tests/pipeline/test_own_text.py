"""The README's way from a folder of .txt files to a trained model, followed to the letter."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from .conftest import REPO

pytestmark = pytest.mark.slow

MAX_LINES = 10


def readme_commands():
    """Return the shell lines of the section."""
    readme = (REPO / "README.md").read_text()
    section = readme.split("## Train on your own text")[1].split("\n## ")[0]
    return re.search(r"```sh\n(.*?)```", section, flags=re.S)[1].splitlines()


def write_books(folder, documents):
    """Write documents of the corpus as if they were somebody's files, a few to each."""
    folder.mkdir(parents=True)
    texts = [json.loads(line)["text"] for line in documents.read_text().splitlines()]
    for i in range(0, len(texts), 40):
        (folder / f"book {i}.txt").write_text("\n\n".join(texts[i : i + 40]))


def test_from_a_folder_of_files_to_a_trained_preset(micro_house, tmp_path):
    house = micro_house.copy(tmp_path / "house")
    write_books(tmp_path / "texts", house.root / "build/corpora/synthetic/dedup/train.jsonl")
    house.edit("params.yaml", lambda p: p["presets"]["own"]["train"].update(tokens=3840))
    house.edit("params.yaml", lambda p: p["corpora"]["own"]["tokenizer"].update(vocab_size=400))
    commands = readme_commands()
    assert len(commands) < MAX_LINES

    for command in commands:
        result = subprocess.run(
            command,
            shell=True,
            cwd=house.root,
            env={**house.environment, "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr

    metrics = json.loads((house.root / "reports/own/evaluate.json").read_text())
    assert metrics["total"]["bits_per_byte"] > 0
    assert Path(house.root / "reports/own/report.html").exists()

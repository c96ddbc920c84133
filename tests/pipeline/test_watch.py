"""The watcher of test_hidden_inputs sees what it is there to see."""

import json
import os
import subprocess
import sys

import pytest

from .conftest import WATCH

SECRET = "secret.txt"


@pytest.fixture
def watch(tmp_path):
    """Run some Python as a stage would be run, and return what the watcher noted."""

    def run(body):
        (tmp_path / "scripts").mkdir()
        (tmp_path / "scripts" / "pack.py").write_text(body)
        (tmp_path / SECRET).touch()
        (tmp_path / "seen").mkdir()
        command = [sys.executable, "scripts/pack.py", "--corpus", "own"]
        told = {"PYTHONPATH": str(WATCH), "WATCH_FOLDER": str(tmp_path / "seen")}
        subprocess.run(command, cwd=tmp_path, env={**os.environ, **told}, check=True)
        logs = (tmp_path / "seen").glob("pack@own.*.jsonl")
        return [json.loads(line) for log in logs for line in log.read_text().splitlines()]

    return run


@pytest.mark.parametrize(
    ("body", "event"),
    [
        ("import os; os.system('true')", "os.system"),
        ("import subprocess; subprocess.run(['true'])", "subprocess.Popen"),
        ("import os; os.posix_spawn('/bin/true', ['true'], {})", "os.posix_spawn"),
        ("import os; os.spawnv(os.P_WAIT, '/bin/true', ['true'])", "os.exec"),
        ("import socket; socket.socket().bind(('127.0.0.1', 0))", "socket.bind"),
        ("import socket; socket.socket(type=2).sendto(b'', ('127.0.0.1', 9))", "socket.sendto"),
        ("import socket; socket.socket().connect_ex(('127.0.0.1', 9))", "socket.connect"),
        ("import socket; socket.getaddrinfo('127.0.0.1', 9)", "socket.getaddrinfo"),
        ("import socket; socket.gethostbyname('127.0.0.1')", "socket.gethostbyname"),
    ],
)
def test_programs_and_sockets_are_noted(watch, body, event):
    assert [text.split()[0] for what, text in watch(body) if what == "other"] == [event]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (f"open({SECRET!r})", "read"),
        (f"import os; os.open({SECRET!r}, os.O_RDONLY)", "read"),
        ("import os; os.scandir('.')", "read"),
        (f"open({SECRET!r}, 'a')", "write"),
        (f"from pathlib import Path; Path({SECRET!r}).write_text('x')", "write"),
        (
            f"import subprocess as s, sys; s.run([sys.executable, '-c', 'open(\"{SECRET}\")'])",
            "read",
        ),
    ],
)
def test_files_are_noted_those_of_a_child_too(watch, tmp_path, body, what):
    place = str(tmp_path if "scandir" in body else tmp_path / SECRET)

    assert [what, place] in watch(body)


def test_what_is_not_touched_is_not_noted(watch, tmp_path):
    noted = watch("pass")

    assert not [entry for entry in noted if entry[0] == "other" or SECRET in entry[1]]
    assert ["read", str(tmp_path / "scripts" / "pack.py")] in noted

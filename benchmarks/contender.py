"""Contenders in processes of their own: each does one step when it is its turn, and sleeps else.

So the peak memory of each is its own, and none finds another's threads, caches or compiled code.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

PROGRAM = Path(__file__).with_name("stepping.py")
PAUSE = 0.3  # seconds between turns: threads of the one before spin a while before they sleep
NATIVE = "native"
DENSE = "dense_"  # what the name of a dense twin begins with


@dataclass(frozen=True, kw_only=True)
class Contender:
    """Who takes part, and with what."""

    side: str
    """alm, transformers, or gemm: bare matrix products."""
    model: str
    """A shape in ``configs/models``."""
    is_mixture: bool
    precision: str
    """float32, bfloat16, or native: what alm takes on this machine."""
    rows: int
    """Of one optimizer step."""
    micro_rows: int
    """Of one forward pass."""
    seq_len: int
    run_tokens: int
    """Of the run that the steps are of: alm compiles where it is long."""
    compiled: bool = False
    """By ``torch.compile``, for a peer; alm decides by itself."""
    loops: bool = False
    """Over experts, one by one, where a peer would multiply them all together."""

    @property
    def tokens(self) -> int:
        """Tokens of one optimizer step."""
        return self.rows * self.seq_len

    def to_json(self) -> str:
        """Return this in one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Read what :meth:`to_json` returned."""
        return cls(**json.loads(line))


@dataclass
class Seat:
    """A contender's process, and what it has answered.

    Args:
        contender: who sits here.
        environment: variables that its process has besides ours.
        program: what the process runs.
    """

    contender: Any
    """A :class:`Contender`, or another that ``to_json`` puts in one line."""
    environment: dict[str, str]
    program: Path = PROGRAM
    facts: dict[str, Any] = field(default_factory=dict)
    """Said before the first step: precision, device, memory before the network was built."""
    seconds: list[float] = field(default_factory=list)
    """Of each step."""
    answers: list[dict[str, Any]] = field(default_factory=list)
    """What a step said besides."""
    last: dict[str, Any] = field(default_factory=dict)
    """Said at the end: peak memory."""

    def __enter__(self) -> Self:
        """Start the process, without waiting for it."""
        self._log = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(
            [sys.executable, str(self.program), self.contender.to_json()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=os.environ | self.environment,
        )
        return self

    def __exit__(self, *_: object) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.communicate()
        self._log.close()

    def open(self) -> None:
        """Wait until its libraries are loaded, and it is ready for the first turn."""
        self.facts = self._listen()

    def step(self, *, counts: bool) -> None:
        """Let it do one step; keep what it took where it counts."""
        answer = self._ask("go")
        time.sleep(PAUSE)
        if counts:
            self.seconds.append(answer["seconds"])
            self.answers.append(answer)

    def finish(self) -> None:
        """Hear what it has to say at the end."""
        self.last = self._ask("end")

    def _ask(self, word: str) -> dict[str, Any]:
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        return self._listen()

    def _listen(self) -> dict[str, Any]:
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            sys.exit(f"{self.contender} ended early:\n{self._log.read()[-4000:]}")
        return json.loads(line)

"""One run of time to quality: who trains, on what, for how many steps."""

import json
from dataclasses import asdict, dataclass, replace
from typing import Self

from alm.config import Params


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A training of one side."""

    side: str
    """alm or gpt2."""
    packed: str
    """Directory of a corpus' shards."""
    preset: str
    """alm's; the peer takes its sequence length, and its size in parameters."""
    seq_len: int
    seed: int
    rows: int
    """Of an optimizer step."""
    micro_rows: int
    lr: float
    steps: int
    looks: int
    """How often held-out rows are scored at most, the last time at the end."""
    held_out_rows: int

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Read what :meth:`to_json` returned."""
        return cls(**json.loads(line))

    def to_json(self) -> str:
        """Return this in one line."""
        return json.dumps(asdict(self), sort_keys=True)

    @property
    def tokens_per_step(self) -> int:
        """Tokens of one optimizer step."""
        return self.rows * self.seq_len

    @property
    def n_parts(self) -> int:
        """Micro-batches of a step."""
        return self.rows // self.micro_rows

    @property
    def look_every(self) -> int:
        """Steps between looks."""
        return -(-self.steps // self.looks)

    def is_look(self, step: int) -> bool:
        """Whether held-out rows are scored after this many steps; alm's trainer does it so too."""
        return step % self.look_every == 0 or step == self.steps

    def params(self) -> Params:
        """Return the preset with this trial's numbers; no states are saved on the way."""
        params, never = Params.load(self.preset), 10**9
        train = replace(
            params.train,
            batch_size=self.rows,
            micro_batch_size=self.micro_rows,
            lr=self.lr,
            tokens=self.steps * self.tokens_per_step,
            validate_every=self.look_every,
            save_every=never,
        )
        sections = {
            "runtime": replace(params.runtime, numerics="native"),
            "data": replace(params.data, seq_len=self.seq_len, curriculum=()),
            "train": train,
        }
        return params.model_copy(update={"seed": self.seed, **sections})

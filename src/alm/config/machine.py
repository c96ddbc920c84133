"""What this machine is asked to use: it may change speed, and is recorded where it changes bits."""

import os
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from alm.config.checks import choose_from, explain
from alm.config.process import available_cores
from alm.errors import ConfigError

PREFIX = "ALM_"


class Machine(BaseSettings):
    """Settings from the environment (``ALM_DEVICE`` ...): the only ones read from there.

    Under ``numerics: portable`` none of them reaches a result. Under ``native`` the device and the
    threads do, so they are part of a training state's fingerprint and of the model's manifest.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True)

    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    threads: Annotated[int, Field(gt=0)] | None = None
    """CPU threads of torch; None takes every core that this process may use."""
    workers: Annotated[int, Field(gt=0)] | None = None
    """Processes that work on text; None takes as many as there are cores."""
    state_dir: Path = Path(".state")
    """Where training states, TensorBoard files and timings live."""
    yes: bool = False
    """Consent to a build that is expected to take over an hour."""
    fresh: bool = False
    """Train again although a finished state of the same fingerprint exists."""
    offload: bool = False
    """Keep the optimizer's state in host memory: a GPU has room for more, and no bit changes."""

    def effort(self, numerics: str) -> dict[str, str | int]:
        """Return what the speed of training depends on besides the network."""
        if numerics == "portable":
            return {"numerics": numerics}
        threads = self.threads or available_cores()
        return {"numerics": numerics, "device": self.device, "threads": threads}

    @classmethod
    def load(cls) -> Self:
        """Read the environment.

        Raises:
            ConfigError: a value is of the wrong type, or an ``ALM_*`` variable is unknown: under
                DVC it could only be an attempt to set a parameter behind DVC's back.
        """
        known = [PREFIX + name.upper() for name in cls.model_fields]
        unknown = sorted(key for key in os.environ if key.startswith(PREFIX) and key not in known)
        if unknown:
            key = unknown[0].removeprefix(PREFIX).lower()
            raise ConfigError(
                f"expected none but {', '.join(known)} in the environment, found {unknown[0]}; "
                f"unset it and set the key in params.yaml ({key!r}) instead"
            )
        try:
            return cls()
        except ValidationError as error:
            raise ConfigError(
                f"environment (ALM_*) cannot be used:\n{explain(error)}\n  {choose_from(known)}"
            ) from None

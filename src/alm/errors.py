"""Every error alm raises on purpose, and the exit code a script ends with for it.

* AlmError                 1
  + ConfigError            2   a key is missing, unknown, of the wrong type, or does not fit another
  + InputError             3   text we were given cannot be used
  + IntegrityError         4   a file of ours is absent, damaged, of another version, or not ours
    - ShardError           4   ... a packed token shard or its index
    - CheckpointError      4   ... a saved training state
  + TrainingError          5   a run that cannot go on, such as a loss that stays non-finite
  + LockedError           75   another run holds the directory
  + Interrupted  130/138/143   Ctrl-C, SIGUSR1 or SIGTERM: the state was saved

A message says what was expected, what was found, where, and what to do next.
"""


class AlmError(Exception):
    """Base class; catch it to catch all of the above."""

    exit_code = 1


class ConfigError(AlmError, ValueError):
    """Parameters that cannot be used as written."""

    exit_code = 2


class InputError(AlmError):
    """Text or other input from outside that cannot be used."""

    exit_code = 3


class IntegrityError(AlmError):
    """A file written by one stage cannot be used by the next."""

    exit_code = 4


class ShardError(IntegrityError):
    """A packed corpus whose manifest and files disagree."""


class CheckpointError(IntegrityError):
    """A training state that cannot be resumed."""


class TrainingError(AlmError):
    """A run that cannot go on, although its parameters and files are sound."""

    exit_code = 5


class LockedError(AlmError):
    """Another process holds the directory this one wants to write."""

    exit_code = 75


class Interrupted(AlmError):
    """A signal asked the run to stop; what it had was saved first."""

    def __init__(self, signal_number: int, message: str) -> None:
        super().__init__(message)
        self.exit_code = 128 + signal_number


def installing(extra: str) -> str:
    """Spell the command that installs what only some uses need, as a message quotes it."""
    return f"`.venv/bin/pip install --constraint constraints.txt --editable '.[{extra}]'`"

"""How a script starts and ends: errors in one line, and an exit code that says what kind."""

import os
import signal
import sys
from argparse import Namespace
from collections.abc import Callable
from typing import NoReturn

from alm.errors import AlmError


def run(main: Callable[..., None], args: Namespace) -> NoReturn:
    """Call ``main`` with the parsed arguments and end the process with a documented code.

    What a person or a file got wrong is one line on stderr, never a traceback; a mistake of ours
    keeps its traceback. Exit codes stand in ``alm.errors``; Ctrl-C in a stage that has nothing to
    save is 130.
    """
    try:
        main(**vars(args))
        sys.stdout.flush()
    except AlmError as error:
        _end(f"error: {error}", error.exit_code)
    except KeyboardInterrupt:
        _end("interrupted; run the same command to start this stage again", 128 + signal.SIGINT)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        if error.errno is None:
            raise
        place = "" if error.filename is None else f": {error.filename}"
        _end(f"error: {error.strerror}{place}; free or restore it and run again", 1)
    sys.exit(0)


def _end(message: str, code: int) -> NoReturn:
    print(message, file=sys.stderr)  # noqa: T201
    sys.exit(code)

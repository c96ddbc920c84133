"""Many processes want one state directory at once; print what became of each race as JSON.

Run as ``python racing.py DIRECTORY RACES``. Nothing heavy is imported, so that forks are cheap.
"""

import json
import os
import random
import signal
import sys
import warnings
from argparse import Namespace
from pathlib import Path

from alm.entry import run
from alm.io import hold_lock, remove_directory

warnings.simplefilter("ignore", DeprecationWarning)  # of forks, in a process with threads


def start(directory, gate, held, release, said):
    """Fork a process that waits at a gate, and then runs as a script does; return its number."""
    racer = os.fork()
    if racer:
        return racer
    os.dup2(said, sys.stderr.fileno())
    for end in (gate[1], release[1]):
        os.close(end)
    os.read(gate[0], 1)

    def main():
        with hold_lock(directory):
            os.write(held, b"%d\n" % os.getpid())
            os.read(release[0], 1)  # until everybody else has lost

    try:
        run(main, Namespace())
    except SystemExit as end:
        os._exit(end.code)
    finally:
        os._exit(9)


def race(directory, n_racers, *, kill):
    """Return (winners, exit codes of the others, whether each of these named the winner)."""
    gate, held, release = os.pipe(), os.pipe(), os.pipe()
    said = {}
    for _ in range(n_racers):
        reader, writer = os.pipe()
        said[start(directory, gate, held[1], release, writer)] = reader
        os.close(writer)
    for end in (gate[0], gate[1], held[1], release[0]):
        os.close(end)
    codes = dict(wait_for_one() for _ in range(n_racers - 1))
    winner = next(iter(said.keys() - codes.keys()))
    holders = os.read(held[0], 100).decode()
    if kill:
        os.kill(winner, signal.SIGKILL)
    os.close(release[1])
    codes[winner] = wait_for_one()[1]
    holders += read_all(held[0])
    told = [read_all(said[racer]) for racer in said if racer != winner]
    named = all(f"in use by process {winner};" in each for each in told)
    os.close(held[0])
    for reader in said.values():
        os.close(reader)
    losers = sorted(code for racer, code in codes.items() if racer != winner)
    return holders == f"{winner}\n", losers, named, codes[winner]


def wait_for_one():
    number, status = os.wait()
    return number, os.waitstatus_to_exitcode(status)


def read_all(descriptor):
    pieces = []
    while piece := os.read(descriptor, 4096):
        pieces.append(piece)
    return b"".join(pieces).decode()


def main(directory, n_races):
    """Race again and again for one directory; what the last holder left is still there."""
    chance = random.Random(0)
    counts = {"races": n_races, "single": 0, "refused": 0, "named": 0, "racers": 0}
    for _ in range(n_races):
        n_racers, kill = chance.randint(2, 8), chance.random() < 0.5
        single, codes, named, last = race(directory, n_racers, kill=kill)
        counts["racers"] += n_racers
        counts["single"] += single and last == (-signal.SIGKILL if kill else 0)
        counts["refused"] += codes == [75] * (n_racers - 1)
        counts["named"] += named
        if chance.random() < 0.2:
            with hold_lock(directory):
                remove_directory(directory)
    print(json.dumps(counts))  # noqa: T201


if __name__ == "__main__":
    signal.alarm(300)  # two winners would wait for each other for ever
    main(Path(sys.argv[1]), int(sys.argv[2]))

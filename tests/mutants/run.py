"""Apply each sabotage to a copy of the project, and see whether its tests notice.

    make mutants                        all of them
    python tests/mutants/run.py WORDS   those with these words in their name

Two copies are at work at once. First the tests must pass as the code is, or their failing would say
nothing. Then a mutant is caught where pytest ends with failed tests; where it passes, hangs or
cannot run at all, the mutant survives, and so does this program's complaint.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

from catalogue import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
AT_ONCE = 2
SECONDS = 900  # that the tests of one mutant may take
PASSED, FAILED = 0, 1  # pytest's exit codes where tests ran and all passed, or some failed


def copy_project(to: Path) -> Path:
    """Copy what Git tracks or would track, and lend it this Python's packages."""
    listed = ["git", "ls-files", "-co", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in names.splitlines():
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    return to


def run_tests(paths: Iterable[str], copy: Path) -> tuple[int | None, str]:
    """Return pytest's exit code, None where it took too long, and the end of what it said."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    try:
        found = subprocess.run(
            [*command, "-m", "not nightly and not slow", *paths],
            cwd=copy,
            # The copy's own code comes before that which is installed.
            env={**os.environ, "PYTHONPATH": str(copy / "src")},
            check=False,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        return None, f"more than {SECONDS} s"
    return found.returncode, " ".join(found.stdout.splitlines()[-1:])


def survival(mutant: Mutant, copy: Path) -> str | None:
    """Return None where the tests fail by the mutant, else what happened instead."""
    path = copy / "src" / "alm" / mutant.path
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        return f"its line stands {text.count(mutant.old)} times in {mutant.path}"
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        code, said = run_tests(mutant.tests.split(), copy)
    finally:
        path.write_text(text, encoding="utf-8")
    return None if code == FAILED else f"pytest ended with {code}: {said}"


def judge_all(mutants: list[Mutant], copies: Queue[Path]) -> Iterable[str | None]:
    """Yield of each what :func:`survival` returns, in a copy that nobody else uses meanwhile."""

    def judge(mutant: Mutant) -> str | None:
        copy = copies.get()
        try:
            return survival(mutant, copy)
        finally:
            copies.put(copy)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(judge, mutants)


def main() -> None:
    """Run all, print each, and end with 1 where one survives."""
    words = " ".join(sys.argv[1:])
    wanted = [mutant for mutant in MUTANTS if words in mutant.name]
    with tempfile.TemporaryDirectory() as folder:
        copies: Queue[Path] = Queue()
        for i in range(AT_ONCE):
            copies.put(copy_project(Path(folder) / f"copy{i}"))
        tests = sorted({path for mutant in wanted for path in mutant.tests.split()})
        code, said = run_tests(tests, Path(folder) / "copy0")
        if code != PASSED:
            sys.exit(f"the tests must pass as the code is, but pytest ended with {code}: {said}")
        survivors = 0
        for mutant, survived in zip(wanted, judge_all(wanted, copies), strict=True):
            survivors += survived is not None
            line = f"{'SURVIVED' if survived else 'caught':9} {mutant.name} {survived or ''}"
            print(line.rstrip(), flush=True)
    print(f"{len(wanted) - survivors} of {len(wanted)} mutants caught")
    sys.exit(survivors > 0)


if __name__ == "__main__":
    main()

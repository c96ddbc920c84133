"""Apply each sabotage to a copy of the project, and see whether its tests notice.

    make mutants

Two copies are at work at once. A mutant is caught where pytest ends with failed tests; where it
passes, or cannot run at all, the mutant survives, and so does this program's complaint.
"""

import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

from catalogue import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
AT_ONCE = 2
FAILED = 1  # pytest's exit code where tests ran and some failed


def copy_project(to: Path) -> Path:
    """Copy what Git tracks or would track, and lend it this Python's packages."""
    listed = ["git", "ls-files", "-co", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in names.splitlines():
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    return to


def is_caught(mutant: Mutant, copy: Path) -> str | None:
    """Return None where the tests fail by the mutant, else what happened instead."""
    path = copy / "src" / "alm" / mutant.path
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        return f"its line stands {text.count(mutant.old)} times in {mutant.path}"
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        command += ["-m", "not nightly and not slow", *mutant.tests.split()]
        # The copy's own code comes before that which is installed.
        found = subprocess.run(
            ["env", f"PYTHONPATH={copy / 'src'}", *command],
            cwd=copy,
            check=False,
            capture_output=True,
            text=True,
        )
    finally:
        path.write_text(text, encoding="utf-8")
    if found.returncode == FAILED:
        return None
    return f"pytest ended with {found.returncode}: {found.stdout.splitlines()[-1:]}"


def main() -> None:
    """Run all, print each, and end with 1 where one survives."""
    wanted = [mutant for mutant in MUTANTS if not sys.argv[1:] or sys.argv[1] in mutant.name]
    with tempfile.TemporaryDirectory() as folder:
        copies: Queue[Path] = Queue()
        for i in range(AT_ONCE):
            copies.put(copy_project(Path(folder) / f"copy{i}"))

        def judge(mutant: Mutant) -> str | None:
            copy = copies.get()
            try:
                return is_caught(mutant, copy)
            finally:
                copies.put(copy)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            survivors = 0
            for mutant, survived in zip(wanted, pool.map(judge, wanted), strict=True):
                survivors += survived is not None
                print(f"{'SURVIVED' if survived else 'caught':9} {mutant.name} {survived or ''}")
    print(f"{len(wanted) - survivors} of {len(wanted)} mutants caught")
    sys.exit(survivors > 0)


if __name__ == "__main__":
    main()

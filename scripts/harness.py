"""Verb lm-eval: tasks of lm-evaluation-harness, put to a preset's model; run it with python -P."""

import argparse
from pathlib import Path

from alm.config import Params
from alm.entry import run
from alm.runtime import pin_numerics


def parse_args() -> argparse.Namespace:
    """Take a preset and tasks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", required=True)
    parser.add_argument("--tasks", required=True, help="names or patterns, with commas between")
    parser.add_argument("--include", type=Path, help="a folder of task files")
    parser.add_argument("--limit", type=int, help="documents of each task at most")
    args = parser.parse_args()
    if not args.tasks:
        parser.error("give tasks, such as TASKS=blimp,lambada_openai")
    return args


def main(preset: str, tasks: str, include: Path | None, limit: int | None) -> None:
    """Load the model that pretrain left, run the tasks, and print the harness's table."""
    params = Params.load(preset)
    device = pin_numerics(params.runtime).device
    from alm.infer.terminal import load_published
    from alm.tasks.harness import HarnessModel, render, run_tasks

    model = HarnessModel(load_published(preset, device))
    found = run_tasks(model, tasks.split(","), include, limit)
    print(render(found, model.n_cut))


if __name__ == "__main__":
    run(main, parse_args())

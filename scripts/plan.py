"""Verb plan: what a preset needs; with --consent, ask before a build of over an hour."""

import argparse

from alm.config import Machine
from alm.entry import run
from alm.project.check import check_preset, require_input
from alm.project.consent import ask_consent
from alm.project.doctor import check_load
from alm.project.forecast import render_stages
from alm.project.plan import Plan, render
from alm.runtime import pin_numerics


def parse_args() -> argparse.Namespace:
    """Take a preset's name; everything else stands in params.yaml."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", required=True)
    parser.add_argument("--consent", action="store_true", help="say nothing, but stop or go on")
    return parser.parse_args()


def main(preset: str, consent: bool) -> None:
    """Check the preset, then print its plan or ask for consent."""
    corpus = check_preset(preset)
    if consent:
        require_input(corpus)
        ask_consent(preset)
        return
    plan, load = Plan.of(preset, Machine.load()), check_load()
    print(render(plan), flush=True)  # the rest takes some seconds
    numerics = pin_numerics(plan.params.runtime)
    from alm.probe import measure_pace

    pace = measure_pace(plan.params, plan.n_vocab, numerics, plan.rate.tokens_per_second)
    print("", render_stages(plan, pace, Machine.load().state_dir, load), sep="\n")


if __name__ == "__main__":
    run(main, parse_args())

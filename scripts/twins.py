"""Verb twins: train a mixture and its dense twins on the same tokens, and compare them."""

import argparse

from alm.config import Params
from alm.entry import run
from alm.runtime import pin_numerics


def parse_args() -> argparse.Namespace:
    """Take the preset, and how many trials of what length."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", required=True)
    parser.add_argument("--seeds", type=int, default=1, help="trials of each network")
    parser.add_argument("--tokens", type=int, help="of each trial; without it, the preset's")
    parser.add_argument("--only", help="train this one and compare nothing: moe, active, total")
    parser.add_argument("--seed", type=int, help="the first; without it, the preset's")
    return parser.parse_args()


def main(preset: str, seeds: int, tokens: int | None, only: str | None, seed: int | None) -> None:
    """Pin the numerics, then train; torch must not be imported before the pins."""
    params = Params.load(preset)
    numerics = pin_numerics(params.runtime)
    from alm.twins import Campaign, start_process

    first = params.seed if seed is None else seed
    campaign = Campaign.of(preset, params, numerics, range(first, first + seeds), tokens)
    if only:
        campaign.run_one(only)
    else:
        print(campaign.run(start_process))


if __name__ == "__main__":
    run(main, parse_args())

"""Stage pretrain: packed tokens -> a model, resuming where a former run was interrupted."""

import argparse
from pathlib import Path

from alm.config import Params
from alm.entry import run
from alm.runtime import pin_numerics


def parse_args() -> argparse.Namespace:
    """Paths come from dvc.yaml; every number comes from the preset."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", required=True)
    parser.add_argument("--packed", type=Path, required=True, help="in: directory of shards")
    parser.add_argument("--init", type=Path, required=True, help="in: model to start from")
    parser.add_argument("--out", type=Path, required=True, help="out: directory of the model")
    parser.add_argument("--metrics", type=Path, required=True, help="out: metrics JSON")
    parser.add_argument("--table", type=Path, required=True, help="out: loss table CSV")
    return parser.parse_args()


def main(preset: str, **paths: Path) -> None:
    """Pin the numerics, then train; torch must not be imported before the pins."""
    params = Params.load(preset)
    numerics = pin_numerics(params.runtime)
    from alm.train import Paths, Pretraining

    Pretraining.prepare(preset, params, numerics, Paths(**paths)).run()


if __name__ == "__main__":
    run(main, parse_args())

"""Stage evaluate: a model and held-out text -> bits per byte beside n-gram models; tasks."""

import argparse
from pathlib import Path

from alm.attended import run
from alm.config import Params
from alm.io import rounded, write_json
from alm.runtime import pin_numerics


def parse_args() -> argparse.Namespace:
    """Paths come from dvc.yaml; every number comes from the preset."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", required=True)
    parser.add_argument("--model", type=Path, required=True, help="in: directory of the model")
    parser.add_argument("--int8", type=Path, required=True, help="in: the same in int8")
    parser.add_argument("--tokenizer", type=Path, required=True, help="in: directory of its own")
    parser.add_argument("--packed", type=Path, required=True, help="in: directory of shards")
    parser.add_argument("--documents", type=Path, required=True, help="in: the text packed there")
    parser.add_argument("--out", type=Path, required=True, help="out: metrics JSON")
    return parser.parse_args()


def main(preset: str, out: Path, **paths: Path) -> None:
    """Pin the numerics, then score and ask; torch must not be imported before the pins."""
    params = Params.load(preset)
    device = pin_numerics(params.runtime).device
    from alm.eval import headline
    from alm.tasks import measure_model

    found = measure_model(params, device=device, **paths)
    write_json(out, rounded(found))
    print(f"{preset}: {headline(found)}")


if __name__ == "__main__":
    run(main, parse_args())

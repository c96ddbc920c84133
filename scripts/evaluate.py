"""Stage evaluate: a model and held-out text -> bits per byte, beside those of n-gram models."""

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
    parser.add_argument("--packed", type=Path, required=True, help="in: directory of shards")
    parser.add_argument("--documents", type=Path, required=True, help="in: the text packed there")
    parser.add_argument("--out", type=Path, required=True, help="out: metrics JSON")
    return parser.parse_args()


def main(preset: str, model: Path, packed: Path, documents: Path, out: Path) -> None:
    """Pin the numerics, then score; torch must not be imported before the pins."""
    params = Params.load(preset)
    numerics = pin_numerics(params.runtime)
    from alm.checkpoint import load_model, read_spec
    from alm.eval import evaluate, headline

    network, spec = load_model(model, numerics.device), read_spec(model)
    found = evaluate(network, spec, packed, documents, params.evaluate)
    write_json(out, rounded(found))
    print(f"{preset}: {headline(found)}")


if __name__ == "__main__":
    run(main, parse_args())

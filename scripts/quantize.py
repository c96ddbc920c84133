"""Stage quantize: a model -> the same model in int8 blocks, and the receipt for it."""

import argparse
from dataclasses import asdict
from pathlib import Path

from alm.attended import run
from alm.config import Params, Stage
from alm.io import rounded, write_json
from alm.runtime import pin_numerics


def parse_args() -> argparse.Namespace:
    """Paths come from dvc.yaml; every number comes from the preset."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", required=True)
    parser.add_argument("--model", type=Path, required=True, help="in: directory of the model")
    parser.add_argument("--packed", type=Path, required=True, help="in: directory of shards")
    parser.add_argument("--out", type=Path, required=True, help="out: directory of the int8 model")
    parser.add_argument("--metrics", type=Path, required=True, help="out: receipt JSON")
    return parser.parse_args()


def main(preset: str, model: Path, packed: Path, out: Path, metrics: Path) -> None:
    """Quantize, then run both models on held-out tokens; torch comes after the pins."""
    params = Params.load(preset)
    device = pin_numerics(params.runtime).device
    from alm import checkpoint, data, quant

    quant.quantize_model(model, out, checkpoint.code_digests(Stage.load("quantize", preset)))
    spec, before = checkpoint.read_spec(out), checkpoint.load_model(model, device)
    after = checkpoint.build_model(spec, quant.read_dequantized(out), device)
    held_out = data.TokenStream(packed, "val")
    rows = quant.held_out_rows(held_out, spec.seq_len, params.quantize.receipt_rows)
    receipt = quant.make_receipt(model, out, quant.compare_models(before, after, rows))
    write_json(metrics, rounded(asdict(receipt)))


if __name__ == "__main__":
    run(main, parse_args())

"""Stage export: a model -> files for transformers, mlx-lm and llama.cpp that read as alm does."""

import argparse
from pathlib import Path

from alm.attended import run
from alm.config import Params, Stage
from alm.io import write_json
from alm.runtime import pin_numerics


def parse_args() -> argparse.Namespace:
    """Paths come from dvc.yaml; every number comes from the preset."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", required=True)
    parser.add_argument("--model", type=Path, required=True, help="in: directory of the model")
    parser.add_argument("--int8", type=Path, required=True, help="in: the same in int8")
    parser.add_argument("--tokenizer", type=Path, required=True, help="in: its tokenizer")
    parser.add_argument("--packed", type=Path, required=True, help="in: directory of shards")
    parser.add_argument("--out", type=Path, required=True, help="out: directory of the export")
    parser.add_argument("--metrics", type=Path, required=True, help="out: what agrees, JSON")
    return parser.parse_args()


def main(preset: str, out: Path, metrics: Path, **paths: Path) -> None:
    """Export, compare on held-out tokens, say how close; torch comes after the pins."""
    pin_numerics(Params.load(preset).runtime)
    from alm import checkpoint, data, export, quant

    held_out = data.TokenStream(paths["packed"], "val")
    seq_len = checkpoint.read_spec(paths["model"]).seq_len
    rows = quant.held_out_rows(held_out, seq_len, export.N_PROMPTS)
    code = checkpoint.code_digests(Stage.load("export", preset))
    exported = export.export_model(preset, paths, rows, out, code)
    write_json(metrics, exported.facts)
    print(exported.tell())


if __name__ == "__main__":
    run(main, parse_args())

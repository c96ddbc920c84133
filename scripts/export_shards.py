"""Verb export-shards: write a packed corpus as Megatron's .bin and .idx, or as NumPy arrays."""

import argparse
from pathlib import Path

from alm.config import Stage
from alm.data import export_packed
from alm.entry import run


def parse_args() -> argparse.Namespace:
    """Take a corpus' name; its path stands in dvc.yaml."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True)
    parser.add_argument("--format", required=True, help="megatron or npy")
    parser.add_argument("--out", type=Path, required=True, help="out: a new directory")
    return parser.parse_args()


def main(corpus: str, format: str, out: Path) -> None:
    """Export, and list the files."""
    manifest = export_packed(Stage.load("pack", corpus).outs[0], out, format)
    print(f"{out}: " + ", ".join(f"{name} {f.bytes:,} B" for name, f in manifest.files.items()))


if __name__ == "__main__":
    run(main, parse_args())

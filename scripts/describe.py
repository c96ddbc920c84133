"""Verb describe: print how large a shape is and what it costs to train and to run."""

import argparse

from alm.config import list_models, load_model_config
from alm.entry import run
from alm.model import describe, render, render_table


def parse_args() -> argparse.Namespace:
    """Take the name of a shape in configs/models, or ``all``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="a shape in configs/models, or all")
    parser.add_argument("--seq-len", type=int, default=1024, help="tokens of a sequence")
    parser.add_argument("--budget-gb", type=float, default=18, help="memory it should fit")
    return parser.parse_args()


def main(model: str, seq_len: int, budget_gb: float) -> None:
    """Describe one shape in full, or every shape in a line."""
    names = list_models() if model == "all" else [model]
    shapes = {name: load_model_config(name) for name in names}
    sizes = {name: describe(shape, shape.vocab_size, seq_len) for name, shape in shapes.items()}
    if model == "all":
        print(render_table(sizes, budget_gb))
    else:
        print(render(model, sizes[model], budget_gb))


if __name__ == "__main__":
    run(main, parse_args())

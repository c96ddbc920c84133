"""One contender's process: builds a network and does steps by turns. ``contender.py`` starts it."""

import sys
from collections.abc import Callable
from dataclasses import replace

from contender import DENSE, NATIVE, Contender

from alm.config import Params, list_presets, load_model_config
from alm.runtime import Numerics, pin_numerics


def main(line: str) -> None:
    """Pin the numerics as a run of alm does, then step until told to end."""
    contender = Contender.from_json(line)
    params = read_params(contender)
    numerics = pin_numerics(params.runtime)
    if contender.precision != NATIVE:
        numerics = replace(numerics, precision=contender.precision)
    SIDES[contender.side](contender, params, numerics)


def read_params(contender: Contender) -> Params:
    """Return the preset of a shape's name, or pico's, with the sizes of this contest.

    A twin goes by the preset of its mixture. Nothing is saved, validated or told while it lasts.
    """
    names = (contender.model, contender.model.removeprefix(DENSE))
    preset = next((name for name in names if name in list_presets()), "pico")
    params, never = Params.load(preset), 10**9
    train = replace(
        params.train,
        batch_size=contender.rows,
        micro_batch_size=contender.micro_rows,
        tokens=contender.run_tokens,
        log_every=never,
        validate_every=never,
        save_every=never,
    )
    return params.model_copy(
        update={
            "model": load_model_config(contender.model),
            "runtime": replace(params.runtime, numerics="native"),
            "data": replace(params.data, seq_len=contender.seq_len, curriculum=()),
            "train": train,
        }
    )


def step_alm(contender: Contender, params: Params, numerics: Numerics) -> None:
    """Let alm's trainer run."""
    from ours import train_by_turns

    train_by_turns(contender, params, numerics)


def step_transformers(contender: Contender, params: Params, numerics: Numerics) -> None:
    """Train the same network of transformers."""
    from peers import train_by_turns

    train_by_turns(contender, params, numerics)


def step_gemm(contender: Contender, params: Params, numerics: Numerics) -> None:
    """Multiply matrices."""
    from gemm import multiply_by_turns

    multiply_by_turns(contender, params, numerics)


Step = Callable[[Contender, Params, Numerics], None]
SIDES: dict[str, Step] = {"alm": step_alm, "transformers": step_transformers, "gemm": step_gemm}

if __name__ == "__main__":
    main(sys.argv[1])

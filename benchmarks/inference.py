"""Speed and memory of continuing a prompt beside transformers and llama.cpp, in one run.

    make bench-infer

Batch 1, greedy: 128 new tokens behind 16, and one behind 256. All have the same random weights, in
the shapes pico and nano, at 1 and 2 threads, and take turns, each in a process of its own; the
median turn counts. Refuses a machine that is busy with something else.
"""

import argparse
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bundle import write_bundle
from contender import Seat
from machine import describe, refuse_busy
from saying import Said, Table
from speaker import LLAMA_CPP, SIDES, Speaker

from alm.io import write_json

PACKAGES = ("alm", "torch", "transformers", "xllamacpp")
PROGRAM = Path(__file__).with_name("speaking.py")
BAR_HEADER = (
    "| ratio | shape | threads | bar | found | reached |\n| --- | --- | --: | --: | --: | --- |"
)


def parse_args() -> argparse.Namespace:
    """Take shapes, threads, and the sizes of a turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["pico", "nano"], help="shapes")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--prompt", type=int, default=16, help="tokens before the new ones")
    parser.add_argument("--new", type=int, default=128, help="new tokens")
    parser.add_argument("--long", type=int, default=256, help="tokens of the prompt that is read")
    parser.add_argument("--turns", type=int, default=7, help="that count, after one to warm up")
    parser.add_argument("--only", default="", help="part of a name, such as alm or llama")
    parser.add_argument("--anyway", action="store_true", help="even where the machine is busy")
    parser.add_argument("--out", type=Path, help="file for the figures, as JSON")
    return parser.parse_args()


def list_speakers(args: argparse.Namespace, model: str, bundle: str) -> list[Speaker]:
    """Return who takes part in a shape's contest."""
    sizes = {"n_prompt": args.prompt, "n_new": args.new, "n_long": args.long}
    return [
        Speaker(side=side, model=model, threads=threads, bundle=bundle, **sizes)
        for threads in args.threads
        for side in SIDES
        if args.only in side
    ]


def hold(args: argparse.Namespace, model: str) -> Table:
    """Let all speakers of a shape take turns."""
    with ExitStack() as stack:
        root = stack.enter_context(tempfile.TemporaryDirectory())
        write_bundle(Path(root), model, args.long + args.new)
        seats = [
            stack.enter_context(Seat(each, {"OMP_NUM_THREADS": str(each.threads)}, PROGRAM))
            for each in list_speakers(args, model, root)
        ]
        for seat in seats:
            seat.open()
        for turn in range(args.turns + 1):
            for seat in seats:
                seat.step(counts=turn > 0)
        for seat in seats:
            seat.finish()
    return Table([_said(seat) for seat in seats])


def _said(seat: Seat) -> Said:
    one = seat.contender
    times = {
        name: tuple(each[name] for each in seat.answers) for name in ("first", "others", "long")
    }
    return Said(
        side=one.side,
        model=one.model,
        threads=one.threads,
        kernel=seat.facts["kernel"],
        n_prompt=one.n_prompt,
        n_new=one.n_new,
        n_long=one.n_long,
        **times,
        peak_bytes=seat.last["peak"],
        loaded_bytes=seat.facts["loaded"],
    )


def main(args: argparse.Namespace) -> None:
    """Hold the contests and print the tables."""
    if not args.anyway:
        refuse_busy()
    tables = {model: hold(args, model) for model in args.models}
    print(describe(PACKAGES))
    kernels = {one.side: one.kernel for one in next(iter(tables.values())).said}
    for side, kernel in kernels.items():
        print(f"{side}: {kernel}{'; its own times' * (side == LLAMA_CPP)}")
    print(
        f"{args.new} new tokens behind {args.prompt}; prompts of {args.long}; median of "
        f"{args.turns} turns"
    )
    for model, table in tables.items():
        print(f"\n{model}:\n\n{table.render()}")
    bars = [bar for table in tables.values() for bar in table.bars()]
    print("\n".join(["", BAR_HEADER, *map(str, bars)]))
    if args.out:
        said = [one.to_dict() for table in tables.values() for one in table.said]
        write_json(args.out, {"machine": describe(PACKAGES), "said": said})


if __name__ == "__main__":
    main(parse_args())

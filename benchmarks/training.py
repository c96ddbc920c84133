"""Speed and memory of a training step beside transformers', in one run.

    make bench-train MODEL=pico

One step is an optimizer step, all of it: every micro-batch forward and backward, clipping, and the
optimizer. alm's are those of its own trainer (Muon and AdamW, loss of balance, selection biases);
transformers' are the same network under a fused AdamW. All have noise of the same size in the same
micro-batches and take turns, each in a process of its own (on a GPU one after the other); the
median step counts. Refuses a machine that is busy with something else.
"""

import argparse
import statistics
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from contender import DENSE, NATIVE, Contender, Seat
from machine import describe, refuse_busy
from standing import Rates, Standing, Table

from alm.config import Params, list_models, list_presets, load_model_config
from alm.io import write_json
from alm.model import describe as model_size

PACKAGES = ("alm", "torch", "transformers")
HIDE_BF16 = {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE"}  # neither AMX nor AVX512-BF16
PRECISIONS = ("float32", "bfloat16")


def parse_args() -> argparse.Namespace:
    """Take the shape, the device, and the size of a step."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="pico", help="a shape; its dense twin comes along")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    parser.add_argument("--rows", type=int, default=32, help="of an optimizer step")
    parser.add_argument("--micro-rows", type=int, default=8, help="of a forward pass")
    parser.add_argument("--seq-len", type=int, default=512)
    parser.add_argument(
        "--run-tokens",
        type=int,
        default=0,
        help="of a whole run; alm compiles long ones; default: the preset's",
    )
    parser.add_argument("--turns", type=int, default=5, help="that count, after one to warm up")
    parser.add_argument("--only", default="", help="part of a name, such as alm or mixture")
    parser.add_argument("--masked", action="store_true", help="float32 without AMX or AVX512-BF16")
    parser.add_argument("--compiled", action="store_true", help="transformers compiled, too")
    parser.add_argument("--anyway", action="store_true", help="even where the machine is busy")
    parser.add_argument("--out", type=Path, help="file for the figures, as JSON")
    return parser.parse_args()


def list_contenders(args: argparse.Namespace) -> list[Contender]:
    """Return who takes part: ours first, then the peers in each precision."""
    base = Contender(
        side="alm",
        model=args.model,
        is_mixture=load_model_config(args.model).moe is not None,
        precision=NATIVE,
        rows=args.rows,
        micro_rows=min(args.rows, args.micro_rows),
        seq_len=args.seq_len,
        run_tokens=args.run_tokens or plan_tokens(args.model, args.seq_len),
    )
    twin = replace(base, model=f"{DENSE}{args.model}", is_mixture=False)
    shapes = [twin, base] if base.is_mixture and twin.model in list_models() else [base]
    entries = [each for shape in shapes for each in _entries(shape, args)]
    ours_first = sorted(entries, key=lambda each: each.side != "alm")
    return [each for each in ours_first if args.only in _label(each)]


def plan_tokens(model: str, seq_len: int) -> int:
    """Return the tokens of a shape's preset; without one, 20 for each active parameter.

    Reference:
        Hoffmann et al. 2022 (arXiv:2203.15556), table 3: about 20 where compute is used best.
    """
    if model in list_presets():
        return Params.load(model).train.tokens
    shape = load_model_config(model)
    return 20 * model_size(shape, shape.vocab_size, seq_len).n_active


def _entries(shape: Contender, args: argparse.Namespace) -> Iterator[Contender]:
    """Yield one network's entries."""
    if not args.masked:
        yield shape
    yield replace(shape, precision="float32")
    peer = replace(shape, side="transformers")
    for precision in PRECISIONS[: 1 if args.masked else None]:
        yield replace(peer, precision=precision)
        if peer.is_mixture:
            yield replace(peer, precision=precision, loops=True)
    if args.compiled:
        yield replace(peer, precision=PRECISIONS[not args.masked], compiled=True)


def _label(one: Contender) -> str:
    return f"{one.side} {'mixture' if one.is_mixture else 'dense'} {one.precision}"


def hold(args: argparse.Namespace) -> Table:
    """Let all take turns, and return what came of it."""
    environment = {"ALM_DEVICE": args.device, **(HIDE_BF16 if args.masked else {})}
    contenders = list_contenders(args)
    products = {one.model: replace(one, side="gemm", precision=NATIVE) for one in contenders}
    with ExitStack() as stack:
        seats = [stack.enter_context(Seat(one, environment)) for one in contenders]
        gemms = {
            name: stack.enter_context(Seat(one, environment)) for name, one in products.items()
        }
        for seat in (*seats, *gemms.values()):
            seat.open()
        seats = _distinct(seats)
        for group in share_out(seats):
            _take_turns(args.turns, group, gemms)
    return Table([_standing(seat) for seat in seats], _rates(gemms))


def share_out(seats: list[Seat]) -> list[list[Seat]]:
    """Return who takes turns with whom: all on a CPU, nobody on a GPU.

    On a CPU, what slows one turn down slows all contenders. A GPU runs evenly, and has not the
    memory for all of them: each keeps what it has allocated until it ends.
    """
    on_cpu = all(seat.facts["device"] == "cpu" for seat in seats)
    return [seats] if on_cpu else [[seat] for seat in seats]


def _take_turns(turns: int, seats: list[Seat], gemms: dict[str, Seat]) -> None:
    """Let these contenders do their steps, with bare products between, and end them."""
    for turn in range(turns + 1):  # the first warms up
        print(f"turn {turn} of {turns}", file=sys.stderr, flush=True)
        for seat in (*gemms.values(), *seats):
            seat.step(counts=turn > 0)
    for seat in seats:
        seat.finish()


def _distinct(seats: list[Seat]) -> list[Seat]:
    """Leave out an entry whose precision another one has: where float32 is what alm takes."""
    kept = {}
    for seat in seats:
        one = seat.contender
        kind = (one.side, one.model, one.compiled, one.loops, seat.facts["precision"])
        kept.setdefault(kind, seat)
    return list(kept.values())


def _standing(seat: Seat) -> Standing:
    one, facts = seat.contender, seat.facts
    on_cpu = facts["device"] == "cpu"
    return Standing(
        side=one.side,
        model=one.model,
        is_mixture=one.is_mixture,
        precision=facts["precision"],
        compiled=one.compiled or seat.answers[-1].get("compiled", False),  # ours decides late
        loops=one.loops,
        where=facts["device"] + (f", {facts['threads']} threads" if on_cpu else ""),
        tokens=one.tokens,
        seconds=tuple(seat.seconds),
        peak_bytes=seat.last["peak"],
        loaded_bytes=facts["loaded"] if on_cpu else 0,
    )


def _rates(gemms: dict[str, Seat]) -> Rates:
    """Take the median of what was measured of bare products from turn to turn."""
    answers = [answer for seat in gemms.values() for answer in seat.answers]
    measured = [name for name in answers[0] if name != "seconds"]
    return Rates(
        flops_per_token={name: seat.facts["flops_per_token"] for name, seat in gemms.items()},
        gemm={name: statistics.median(each[name] for each in answers) for name in measured},
        peak=next(iter(gemms.values())).facts["peak"],
    )


def main(args: argparse.Namespace) -> None:
    """Hold the contest and print the table."""
    if not args.anyway:
        refuse_busy()
    installed = describe(PACKAGES)  # what is missing is told before, not after the contest
    table = hold(args)
    if args.out:
        figures = {"masked": args.masked, "gemm": table.rates.gemm}
        write_json(args.out, {**figures, "standings": [s.to_dict() for s in table.standings]})
    gemm = ", ".join(f"{name} {rate / 1e9:,.0f}" for name, rate in table.rates.gemm.items())
    print(f"{installed}; {table.standings[0].where}")
    print(
        f"{args.rows} x {args.seq_len} tokens a step in micro-batches of {args.micro_rows}, median "
        f"of {args.turns}; GEMM, GFLOP/s: {gemm}{'; without AMX, AVX512-BF16' * args.masked}\n"
    )
    print(table.render())


if __name__ == "__main__":
    main(parse_args())

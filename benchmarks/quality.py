"""Time to quality: how soon alm is as good as GPT-2 of the same size was after its whole budget.

    make bench-quality

Both sides read the same shards with the same tokenizer, precision, threads, sequence length and
number of parameters (within 2 %). The peer, transformers' GPT2LMHeadModel under AdamW with warm-up
and a cosine planned for its budget, is tuned: its batch, then its learning rate, each by factors of
two until both neighbours are worse, or until two more have been tried, which is then said. alm
takes the learning rate of its preset, scaled by the square root of the batch where that differs,
and plans its schedule for a third of the peer's time. What counts is bits per byte of held-out rows
against seconds of training.

Each finished run is kept in a folder, so the same command goes on where it was interrupted. Refuses
a machine that is busy with something else.
"""

import argparse
import math
from dataclasses import replace
from pathlib import Path

from campaign import Campaign, Run, tune
from machine import describe, refuse_busy
from trial import Trial

from alm.config import Params
from alm.io import write_json

SHARE = 1 / 3  # of the peer's time, which alm's schedule is planned for
PEER_ROWS = (4, 8, 16)
PEER_LRS = (0.0005, 0.001, 0.002)
MICRO_ROWS = 8
SEED = 1337


def parse_args() -> argparse.Namespace:
    """Take the preset, the time, and how much is tried."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="pico")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"))
    parser.add_argument("--budget-seconds", type=float, default=300, help="of the peer's training")
    parser.add_argument("--seeds", type=int, default=3, help="of alm")
    parser.add_argument("--rows", type=int, default=8, help="of a step of alm")
    parser.add_argument("--seq-len", type=int, help="default: the preset's")
    parser.add_argument("--looks", type=int, default=20, help="at held-out rows, per run")
    parser.add_argument("--held-out-rows", type=int, default=64)
    parser.add_argument("--anyway", action="store_true", help="even where the machine is busy")
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks/quality"))
    parser.add_argument("--out", type=Path, help="file for the curves, as JSON")
    return parser.parse_args()


def tune_peer(campaign: Campaign, seconds: float) -> list[Run]:
    """Find the peer's batch at the middle learning rate, then its learning rate; return all."""
    base = replace(campaign.base, side="gpt2", lr=PEER_LRS[len(PEER_LRS) // 2])

    def with_rows(rows: int) -> Run:
        trial = replace(base, rows=rows, micro_rows=min(rows, MICRO_ROWS))
        return campaign.run(campaign.plan(trial, seconds))

    by_rows = tune(PEER_ROWS, with_rows)
    best = min(by_rows, key=lambda run: run.bits_per_byte).trial
    by_lr = tune(PEER_LRS, lambda lr: campaign.run(replace(best, lr=lr)))
    return by_rows + [run for run in by_lr if run.trial.lr != best.lr]


def train_ours(campaign: Campaign, seconds: float, n_seeds: int) -> list[Run]:
    """Train alm from several seeds, all with the steps that the first one's speed allows."""
    planned = campaign.plan(campaign.base, seconds)
    return [campaign.run(replace(planned, seed=SEED + i)) for i in range(n_seeds)]


def base_trial(args: argparse.Namespace) -> Trial:
    """Return alm's trial, its steps not planned yet."""
    params = Params.load(args.preset)
    lr = params.train.lr * math.sqrt(args.rows / params.train.batch_size)
    return Trial(
        side="alm",
        packed=f"build/corpora/{params.corpus}/packed",
        preset=args.preset,
        seq_len=args.seq_len or params.data.seq_len,
        seed=SEED,
        rows=args.rows,
        micro_rows=min(args.rows, MICRO_ROWS),
        lr=lr,
        steps=1,
        looks=args.looks,
        held_out_rows=args.held_out_rows,
    )


def render(peers: list[Run], ours: list[Run]) -> str:
    """Return both tables in Markdown."""
    peer = min(peers, key=lambda run: run.bits_per_byte)
    goal, seconds = peer.bits_per_byte, peer.curve.last.seconds
    head = "| | parameters | rows | learning rate | tokens | seconds | bits per byte |"
    lines = [head, "| --- | --: | --: | --: | --: | --: | --: |"]
    lines += [_row(run, " (best)" if run is peer else "") for run in peers]
    lines += [_row(run, f", seed {run.trial.seed}") for run in ours]
    lines += ["", f"As good as the peer's best, {goal:.4f}, which took {seconds:.0f} s:", ""]
    lines += ["| alm | after seconds | of the peer's time |", "| --- | --: | --: |"]
    for run in ours:
        reached = run.curve.seconds_to(goal)
        told = ["never", "-"] if reached is None else [f"{reached:.0f}", f"{reached / seconds:.3f}"]
        lines.append(f"| seed {run.trial.seed} | {told[0]} | {told[1]} |")
    return "\n".join(lines)


def _row(run: Run, note: str) -> str:
    trial, last = run.trial, run.curve.last
    cells = [
        f"{trial.side}{note}",
        f"{run.values['parameters']:,}",
        f"{trial.rows}",
        f"{trial.lr:.4g}",
        f"{last.tokens:,}",
        f"{last.seconds:.0f}",
        f"{last.bits_per_byte:.4f}",
    ]
    return f"| {' | '.join(cells)} |"


def main(args: argparse.Namespace) -> None:
    """Tune and train the peer, train alm, print and write what came of it."""
    if not args.anyway:
        refuse_busy()
    campaign = Campaign(base_trial(args), args.folder, args.device)
    peers = tune_peer(campaign, args.budget_seconds)
    ours = train_ours(campaign, SHARE * args.budget_seconds, args.seeds)
    numerics = ours[0].values["numerics"]
    print(f"\n{describe(('alm', 'torch', 'transformers'))}")
    print(f"{numerics['device']}, {numerics['precision']}, {args.preset} on {campaign.base.packed}")
    print(f"\n{render(peers, ours)}")
    if args.out:
        write_json(args.out, {"runs": [run.values for run in (*peers, *ours)]})


if __name__ == "__main__":
    main(parse_args())

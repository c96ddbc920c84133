"""Stage sample: a model -> its answers to fixed prompts. With --prompt: to your own, right here."""

import argparse
from pathlib import Path

from alm.attended import run
from alm.config import Params
from alm.runtime import pin_numerics


def parse_args() -> argparse.Namespace:
    """Paths come from dvc.yaml; whoever brings a prompt leaves them out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", required=True)
    parser.add_argument("--model", type=Path, help="in: directory of the model")
    parser.add_argument("--tokenizer", type=Path, help="in: directory of its tokenizer")
    parser.add_argument("--packed", type=Path, help="in: directory of its training tokens")
    parser.add_argument("--out", type=Path, help="out: samples JSON")
    parser.add_argument("--prompt", help="continue this on the terminal and write nothing")
    parser.add_argument("--state", choices=["latest"], help="with --prompt: of a run in progress")
    parser.add_argument("--choose", nargs="*", default=[], help="with --prompt: name=value ...")
    args = parser.parse_args()
    if args.prompt is None and (args.state or args.choose or not args.out):
        parser.error("give --prompt (and what goes with it), or all the paths of the stage")
    return args


def main(preset: str, prompt: str | None, state: str, choose: list[str], **paths: Path) -> None:
    """Stream one answer, or write all of the stage's; torch comes after the pins."""
    params = Params.load(preset)
    device = pin_numerics(params.runtime).device
    from alm.infer import continue_prompt, write_samples

    if prompt is None:
        return write_samples(params, device=device, **paths)
    return continue_prompt(preset, prompt, latest=bool(state), device=device, choose=choose)


if __name__ == "__main__":
    run(main, parse_args())

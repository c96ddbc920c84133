"""Speed of a training step beside transformers', in one run: same shape, batch and precision.

    .venv/bin/python benchmarks/training.py --model dense_pico

Forward, backward and optimizer step of alm (Muon and AdamW) and of the architecture in transformers
that computes the same function (AdamW). Both take turns, and the medians are compared: what counts
is the ratio. Refuses a machine that is busy with something else.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from machine import refuse_busy
from transformers import Glm4MoeConfig, Glm4MoeForCausalLM, Qwen3Config, Qwen3ForCausalLM

from alm.config import ModelConfig, Params, available_cores, load_model_config
from alm.model import Transformer, init_weights, mean_cross_entropy
from alm.optim import Optimizer

Step = Callable[[torch.Tensor], None]


def parse_args() -> argparse.Namespace:
    """Take the shape and the size of a step."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="dense_pico")
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--seq-len", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=5)
    return parser.parse_args()


def build_ours(config: ModelConfig) -> Step:
    """Return a step of alm."""
    model = Transformer(config, config.vocab_size)
    init_weights(model, 0)
    optimizer = Optimizer(model.named_parameters(), Params.load("pico").optim, torch.float32)

    def step(rows_BT: torch.Tensor) -> None:
        output = model(rows_BT[:, :-1])
        targets_S = rows_BT[:, 1:].flatten()
        mean_cross_entropy(output.hidden_BTD.flatten(0, 1), model.head_weight, targets_S).backward()
        optimizer.step(1e-3)

    return step


def build_theirs(config: ModelConfig) -> Step:
    """Return a step of transformers on the same shape."""
    model = Qwen3ForCausalLM(Qwen3Config(**shared(config)))
    if config.moe:
        model = Glm4MoeForCausalLM(Glm4MoeConfig(**shared(config), **mixture(config)))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)

    def step(rows_BT: torch.Tensor) -> None:
        model(input_ids=rows_BT, labels=rows_BT).loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def shared(config: ModelConfig) -> dict:
    """Return what both architectures of transformers are told."""
    return {
        "vocab_size": config.vocab_size,
        "hidden_size": config.d_model,
        "intermediate_size": config.d_ff,
        "num_hidden_layers": config.n_layers,
        "num_attention_heads": config.n_heads,
        "num_key_value_heads": config.n_kv_heads,
        "head_dim": config.d_head,
        "tie_word_embeddings": config.tied_embeddings,
    }


def mixture(config: ModelConfig) -> dict:
    """Return what the mixture is told besides."""
    return {
        "moe_intermediate_size": config.moe.d_expert,
        "first_k_dense_replace": config.moe.n_dense_layers,
        "n_routed_experts": config.moe.n_experts,
        "num_experts_per_tok": config.moe.n_experts_per_token,
        "n_shared_experts": config.moe.n_shared_experts,
        "n_group": 1,
        "topk_group": 1,
        "norm_topk_prob": True,
        "use_qk_norm": True,
        "num_nextn_predict_layers": 0,
    }


def measure(step: Step, rows_BT: torch.Tensor) -> float:
    """Return the seconds of one step."""
    started = time.perf_counter()
    step(rows_BT)
    return time.perf_counter() - started


def main(model: str, rows: int, seq_len: int, repeats: int) -> None:
    """Warm both up, let them take turns, print tokens per second and the ratio."""
    refuse_busy()
    torch.set_num_threads(available_cores())
    config = load_model_config(model)
    steps = {"alm": build_ours(config), "transformers": build_theirs(config)}
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for turn in range(repeats + 1):  # the first turn is warm-up; each has rows of its own
        rows_BT = torch.randint(0, config.vocab_size, (rows, seq_len + 1))
        for name, step in steps.items():
            taken = measure(step, rows_BT)
            seconds[name] += [taken] if turn else []
    speed = {name: rows * seq_len / statistics.median(times) for name, times in seconds.items()}
    print(f"{model}, {rows} x {seq_len} tokens, float32, {available_cores()} threads")
    for name, tokens in speed.items():
        print(f"  {name:13s} {tokens:8,.0f} tokens/s")
    print(f"  ratio         {speed['alm'] / speed['transformers']:8.2f}")


if __name__ == "__main__":
    main(**vars(parse_args()))

"""Findings of a small preset, as its stages would leave them."""

import math
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from alm.io import Manifest, rounded, write_json, write_text
from alm.report import Findings, Paths
from alm.report.findings import CORPUS_STAGES

SOURCES = [
    {"name": "stories", "kind": "synthetic", "licence": "CC0-1.0"},
    {"name": "arithmetic", "kind": "synthetic", "licence": "CC0-1.0"},
]
SPEC = {
    "model": {
        "vocab_size": 1024,
        "d_model": 128,
        "n_layers": 4,
        "rope_theta": 10000.0,
        "tied_embeddings": True,
        "moe": {"router": "sigmoid", "n_dense_layers": 1, "n_experts": 4, "n_experts_per_token": 2},
    },
    "n_vocab": 1024,
    "seq_len": 128,
    "tokenizer_sha256": "ab" * 32,
}
NUMERICS = {"mode": "portable", "device": "cpu", "precision": "float32", "threads": 1}


def loss_table(n_rows=15):
    lines = ["step,tokens,loss,val_loss,lr,grad_norm,max_load,weights"]
    for i in range(1, n_rows + 1):
        step, loss = 10 * i, 2 + 5 * math.exp(-i / 4)
        val = f"{loss + 0.05:.5g}" if i % 5 == 0 else ""
        rate = 0.01 * min(1, i / 2, (n_rows - i + 1) / 5)
        norm, load = 0.3 + 2 / i, 1.2 + 0.6 / i
        row = (
            step,
            step * 2048,
            f"{loss:.5g}",
            val,
            f"{rate:.4g}",
            f"{norm:.4g}",
            f"{load:.4g}",
            "0a1b",
        )
        lines.append(",".join(map(str, row)))
    return "\n".join(lines) + "\n"


def score(n_bytes, bits, ngrams):
    nats, tokens = bits * n_bytes * math.log(2), n_bytes // 3
    return {
        "documents": 40,
        "bytes": n_bytes,
        "seen": 0.04,
        "tokens": tokens,
        "nats": nats,
        "loss": nats / tokens,
        "perplexity": math.exp(nats / tokens),
        "bits_per_byte": bits,
        "interval": [bits - 0.02, bits + 0.03],
        "bytes_per_token": n_bytes / tokens,
        "ngram": {"3": ngrams[0], "5": ngrams[1]},
        "ratio": {"3": bits / ngrams[0], "5": bits / ngrams[1]},
    }


def pretrain_facts():
    return {
        "preset": "tiny",
        "steps": 150,
        "tokens": 307200,
        "rows": 1944,
        "epochs": 1.234567,
        "fill_rate": 1.0,
        "train_loss": 2.1,
        "val_loss": 2.2,
        "best_val_loss": 2.19,
        "best_step": 140,
        "skipped_steps": 0,
        "expert_load": [[0.3, 0.2, 0.24, 0.26], [0.25] * 4, [0.5, 0.1, 0.2, 0.2]],
        "params": {"total": 1218688, "active": 923776},
        "seq_len": 128,
        "batch_size": 16,
        "numerics": NUMERICS,
    }


def said(text, copied):
    return {"text": text, "tokens": 12, "finish_reason": "length", "copied_tokens": copied}


def figure(value, reach=0.1, **rest):
    return {"value": value, "interval": [max(0, value - reach), value + reach], **rest}


def answers(exact, choice, seen):
    int8 = {"exact": figure(exact), "choice": figure(choice), "same": figure(0.98)}
    return {
        "n": 50,
        "seen": seen,
        "exact": figure(exact, chance=0.04),
        "choice": figure(choice, chance=0.25),
        "int8": int8,
    }


def repeats(first, repeated, loops):
    distinct = {"1": first, "2": 0.7, "3": 0.9}
    return {"distinct": distinct, "repeated": repeated, "loops": figure(loops)}


TASKS = {
    "rule": ["exact: each token of the answer is the likeliest one."],
    "questions": {
        "arithmetic_1": answers(0.12, 0.4, 0.5),
        "arithmetic_2": answers(0.02, 0.3, 0.02),
        "copy": answers(0.6, 0.9, 0.0),
        "recall": answers(0.3, 0.5, None),
    },
    "json": {"n": 12, "valid": figure(0.25, chance=0.0)},
    "samples": {
        "n": 12,
        "tokens": 384,
        "samples": repeats(0.4, 0.05, 0.25),
        "held_out": repeats(0.45, 0.01, 0.0),
    },
}
REPORTS = {
    "pretrain.json": pretrain_facts(),
    "evaluate.json": {
        "rule": ["Each document is coded as its tokens and EOS, given BOS.", "Totals are sums."],
        "total": score(60000, 1.2, (2.1, 1.7)),
        "sources": {
            "stories": score(30000, 1.0, (2.0, 1.5)),
            "arithmetic": score(30000, 1.4, (2.2, 1.9)),
        },
        "tasks": TASKS,
    },
    "quantize.json": {
        "bytes_float": 4880000,
        "bytes_int8": 1310000,
        "bytes_per_weight": 1.0625,
        "tokens": 4096,
        "nll_float": 2.2,
        "nll_int8": 2.2003,
        "delta_nll": 0.0003,
        "kl_divergence": 0.00012,
        "same_top1": 0.9941,
    },
    "samples.json": {
        "longest_copy": 9,
        "samples": [
            {
                "prompt": "Once upon a time",
                "greedy": said(" there was a <script>alert('x')</script> fox & a ``` hen.", 9),
                "sampled": said("\n\n  in a *far* land\x00\x9b\u202e abc", 3),
            }
        ],
    },
}


NEAR = {
    "planted": 20,
    "alike": 16,
    "found": 15,
    "recall": 0.9375,
    "dropped": 18,
    "true": 18,
    "precision": 1.0,
}
JUNK = {
    "planted": 25,
    "found": 24,
    "recall": 0.96,
    "good": 400,
    "falsely_dropped": 1,
    "falsely_dropped_share": 0.0025,
}
DEDUP = {
    "planted": {
        "exact_duplicate": {
            "stories": {"planted": 7, "found": 7, "recall": 1.0},
            "arithmetic": {"planted": 3, "found": 2, "recall": 2 / 3},
        },
        "near_duplicate": {"sources": {"stories": NEAR}, "all": NEAR},
    }
}
FILTER = {
    "dropped": {"coherent:noise": 30},
    "masked": {"email": 2},
    "planted": {"junk": {"sources": {"stories": JUNK}, "all": JUNK}},
}


def split(docs, n_bytes, tokens, **rest):
    half = {"docs": docs // 2, "bytes": n_bytes // 2, "tokens": tokens // 2}
    counts = {"docs": docs, "bytes": n_bytes, "tokens": tokens}
    shared = {"shards": [], "sources": {"stories": half, "arithmetic": half}, "dropped": {}}
    return {**counts, **shared, **rest}


PACKED = {
    "tokenizer_sha256": "ab" * 32,
    "vocab_size": 1024,
    "sources": SOURCES,
    "splits": {
        "train": split(890, 750000, 250000, audited=9, dropped={"target_tokens": 10}),
        "val": split(60, 50000, 17000, audited=1),
    },
}


def write_corpus(root):
    books = {
        "docs_in": 1000,
        "docs_out": 960,
        "dropped": {"empty": 30},
        "quarantined": {"utf8": 10},
    }
    books["sources"] = [{**each, "docs": 480, "bytes": 400000} for each in SOURCES]
    own = {"dedup": DEDUP, "filter": FILTER}
    facts = {stage: {**books, **own.get(stage, {})} for stage in CORPUS_STAGES[:-1]}
    params = {"dedup": {"dedup": {"near_duplicates": "global", "min_jaccard": 0.8}}}
    for stage, each in {**facts, "packed": PACKED}.items():
        (root / stage).mkdir(parents=True)
        written = {"params": params.get(stage, {}), "inputs": {}, "facts": each}
        Manifest.write(root / stage, f"corpus.{stage}", **written)
    (root / "tokenizer").mkdir()
    facts = {"vocab_size": 1024, "val": {"bytes_per_token": {"stories": 3.25}}}
    Manifest.write(root / "tokenizer", "tokenizer", params={}, inputs={}, facts=facts)


def write_model(root, init="scratch"):
    root.mkdir(parents=True)
    write_json(root / "config.json", SPEC)
    params = {
        "seed": 1337,
        "data": {"seq_len": 128},
        "train": {"init": init, "tokens": 300000, "lr": 0.01},
    }
    Manifest.write(
        root,
        "model.pretrain",
        params=params,
        inputs={"packed": "cd" * 32},
        code={"src/alm/train": "ef" * 32},
        libraries={"torch": "2.11.0", "numpy": "2.1.0"},
        facts=pretrain_facts(),
    )


def places(root):
    reports = {Path(name).stem: root / name for name in REPORTS}
    options = ("ingested", "normalized", "deduplicated", "documents", "packed")
    folders = {name: root / stage for name, stage in zip(options, CORPUS_STAGES, strict=True)}
    rest = {name: root / name for name in ("model", "int8", "tokenizer")}
    return Paths(loss=root / "loss.csv", **reports, **folders, **rest)


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """Write everything a report reads, once."""
    root = tmp_path_factory.mktemp("findings")
    for name, value in REPORTS.items():
        write_json(root / name, rounded(value))
    write_text(root / "loss.csv", loss_table())
    write_corpus(root)
    write_model(root / "model")
    (root / "int8").mkdir()
    Manifest.write(root / "int8", "model.int8", params={}, inputs={"model": "12" * 32}, facts={})
    return root


@pytest.fixture
def paths(written, tmp_path):
    """Copies of everything a report reads, for tests that spoil some of it."""
    shutil.copytree(written, tmp_path / "findings")
    return places(tmp_path / "findings")


@pytest.fixture
def found(written):
    """The findings of a small mixture."""
    return Findings.read("tiny", places(written))


@pytest.fixture
def dense(found):
    """The findings of a dense network: no experts, no loads."""
    for row in found.losses.rows:
        row["max_load"] = None
    facts = {**found.pretrain, "expert_load": []}
    spec = {**found.spec, "model": {**found.spec["model"], "moe": None}}
    return replace(found, pretrain=facts, spec=spec)

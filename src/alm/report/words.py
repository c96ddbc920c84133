"""Say in sentences what a model is and what it came to; the same in the page and in the card."""

from collections.abc import Mapping, Sequence
from typing import Any

from alm.report.figures import between, bits, number, ratio, share, short, signed, size, whole
from alm.report.findings import Findings

SCRATCH = "scratch"  # the value of train.init that names no preset; config is no part of reports
SCOPES = {"global": "among all sources", "source": "within each source"}


def introduce(found: Findings) -> str:
    """Say what kind of model it is, how large, and what it was trained on."""
    params = found.pretrain["params"]
    kind, active = "dense", ""
    if is_mixture(found):
        kind, active = "mixture-of-experts", f", {short(params['active'])} at work on each token"
    return (
        f"A {kind} language model of {short(params['total'])} parameters{active}, trained "
        f"{_origin(found)} on {short(tokens_read(found))} tokens of "
        f"{_enumerate(sources(found))}."
    )


def compare(found: Findings) -> str:
    """Say how the model stands against the n-gram model of the highest order."""
    total = found.evaluate["total"]
    need = f"The model needs {bits(total['bits_per_byte'])} bits per byte of held-out text"
    if total["interval"]:
        need += f" (95 % interval {between(total['interval'])})"
    if not total["ngram"]:
        return f"{need}."
    order = max(total["ngram"], key=int)
    return (
        f"{need}: {ratio(total['ratio'][order])} what a byte {order}-gram model "
        f"of the same training text needs ({bits(total['ngram'][order])})."
    )


def recount_training(found: Findings) -> str:
    """Say how long it was trained, and how well that went."""
    facts = found.pretrain
    skipped = facts.get("skipped_steps", 0)
    best = "its lowest"
    if facts["best_step"] != facts["steps"]:
        best = f"after {number(facts['best_val_loss'])} at step {whole(facts['best_step'])}"
    tail = f" {whole(skipped)} steps were skipped: their loss was not finite." if skipped else ""
    if spikes := facts.get("spike_steps", 0):
        tail += f" {whole(spikes)} steps were left out: their loss was far above the recent ones."
    for each in facts.get("hybrid", ()):
        tail += (
            f" A hybrid: the first {whole(each['step'])} steps were trained before "
            f"{_enumerate(each['changed'])} changed."
        )
    return (
        f"{whole(facts['steps'])} steps of {whole(facts['batch_size'])} rows of "
        f"{whole(facts['seq_len'])} tokens, {number(facts['epochs'], 3)} times through the text of "
        f"{whole(facts['rows'])} rows, which are {share(facts['fill_rate'], 2)} full. "
        f"The loss on held-out rows, cut across documents, ended at {number(facts['val_loss'])} "
        f"nats per token, {best}.{tail}"
    )


def recount_quantization(found: Findings) -> str:
    """Say what int8 saved and what it cost."""
    facts = found.quantize
    smaller = share(facts["bytes_int8"] / facts["bytes_float"])
    return (
        f"In int8 blocks the weights take {size(facts['bytes_int8'])}, {smaller} of their size in "
        f"float32. The loss on {whole(facts['tokens'])} tokens of held-out rows moves by "
        f"{signed(facts['delta_nll'])} nats, and {share(facts['same_top1'], 2)} of the likeliest "
        "next tokens stay the same."
    )


def recount_tasks(found: Findings) -> str:
    """Say at which tasks the model is better than chance, as far as the intervals tell."""
    rows = found.evaluate["tasks"].get("questions")
    if not rows:
        return "No questions with known answers were put to the model."
    says, prefers = (
        [name_task(name) for name, each in rows.items() if _beats_chance(each[kind])]
        for kind in ("exact", "choice")
    )
    return (
        "By 95 % intervals, what the model says to questions with known answers beats chance for "
        f"{_enumerate(says or ['none'])}; its choice between four answers, for "
        f"{_enumerate(prefers or ['none'])}."
    )


def name_task(row: str) -> str:
    """Return the name of a kind of questions in words: ``arithmetic (2 digits)``."""
    task, _, digits = row.partition("_")
    return f"{task} ({digits} digit{'' if digits == '1' else 's'})" if digits else task


def warn_of_copies(found: Findings) -> str:
    """Say how much of the samples stands in the training text word for word."""
    longest = found.samples["longest_copy"]
    return (
        "The bold text was given, the rest is the model's: greedy takes the likeliest token each "
        "time, sampled draws at random. The longest run that any of it shares with the training "
        f"text has {whole(longest)} tokens."
    )


def recount_text(found: Findings) -> str:
    """Say how much text was taken in, and how much of it is trained on."""
    taken, parts = found.corpus["ingest"].facts, found.corpus["packed"].facts["splits"]
    return (
        f"Of {whole(taken['docs_in'])} documents taken in, {whole(parts['train']['docs'])} are "
        f"trained on and {whole(parts['val']['docs'])} are held out. Every other one is accounted "
        f"for below.{_skipped(taken)} {recount_drops(found)} {recount_tokens(found)}"
    )


def recount_drops(found: Findings) -> str:
    """Say what was taken for a duplicate, and how many documents the filters refused."""
    config, facts = found.corpus["dedup"].params["dedup"], found.corpus["filter"].facts
    near = (
        "; near-duplicates are not looked for"
        if config["near_duplicates"] == "off"
        else f" and, {SCOPES[config['near_duplicates']]}, near-duplicates from a Jaccard "
        f"similarity of {number(config['min_jaccard'], 2)} on"
    )
    masked = sum(facts["masked"].values())
    hidden = f" {whole(masked)} addresses are masked." if masked else ""
    return (
        f"Copies to the byte are dropped{near}. The filters refuse "
        f"{whole(sum(facts['dropped'].values()))} of the documents that are left.{hidden}"
    )


def recount_tokens(found: Findings) -> str:
    """Say how large the vocabulary is, and how its use was checked."""
    facts = found.corpus["packed"].facts
    audited, packed = (
        sum(part[key] for part in facts["splits"].values()) for key in ("audited", "docs")
    )
    return (
        f"The tokenizer has {whole(facts['vocab_size'])} tokens. {whole(audited)} of the "
        f"{whole(packed)} packed documents, some of every shard, were encoded once more by "
        "SentencePiece alone, and have the same tokens."
    )


def promise(found: Findings) -> str:
    """Say where the same bytes come out again, and where not."""
    if found.pretrain["numerics"]["mode"] == "portable":
        return "The same inputs give the same bytes on any x86-64 CPU: no clock, no host."
    return (
        "The same inputs give the same bytes on a machine of this kind with these versions; "
        "elsewhere the numbers agree within a tolerance. No clock, no host."
    )


def limits(found: Findings) -> str:
    """Say what the model must not be trusted with."""
    return (
        "The model continues text as its sources would, and knows nothing beyond them. It was not "
        "taught to follow instructions, and what it says may be false, unfitting or copied. It "
        f"sees {whole(found.pretrain['seq_len'])} tokens at once."
    )


def rebuild_command(found: Findings) -> str:
    """Return what to type to build this model again."""
    return f"make repro PRESET={found.preset}"


def tokens_read(found: Findings) -> int:
    """Return how many tokens were trained on: the places of all rows, without the padding."""
    return round(found.pretrain["tokens"] * found.pretrain["fill_rate"])


def is_mixture(found: Findings) -> bool:
    """Tell whether the network has experts."""
    return bool(found.pretrain["expert_load"])


def sources(found: Findings) -> list[str]:
    """Return the names of the sources, in the order of the corpus."""
    return [source["name"] for source in found.corpus["filter"].facts["sources"]]


def _beats_chance(figure: Mapping[str, Any]) -> bool:
    return figure["interval"] is not None and figure["interval"][0] > figure["chance"]


def _skipped(ingest: Mapping[str, Any]) -> str:
    """Name damaged files that were left out because the corpus says so."""
    skipped = sum(len(source.get("skipped_files", [])) for source in ingest["sources"])
    return f" {whole(skipped)} damaged files were skipped." if skipped else ""


def _origin(found: Findings) -> str:
    start = found.model.params["train"]["init"]
    return "from scratch" if start == SCRATCH else f"from the weights of {start}"


def _enumerate(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last

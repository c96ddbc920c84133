"""The model card: what the model is, what it was made of, and how to run it."""

from collections.abc import Iterable
from dataclasses import replace

from alm.checkpoint import ModelSpec
from alm.config import ModelConfig
from alm.export.architecture import architecture_of
from alm.export.source import Source
from alm.model import describe

SHORT = 12  # hex digits of a digest
DIGESTS = {
    "model": "model (manifest)",
    "int8": "int8 model (manifest)",
    "tokenizer": "tokenizer (manifest)",
    "packed": "training tokens (manifest)",
}


def render_card(source: Source) -> str:
    """Return ``README.md``; equal manifests give equal bytes."""
    parts = [
        _front_matter(),
        f"# {source.name}",
        _introduce(source),
        _titled("Use it", _USE),
        _titled("Shape", _table(("", ""), _shape(source))),
        _titled("Text", _TEXT, _table(("source", "licence"), _licences(source))),
        _titled("Training", _table(("", ""), _training(source))),
        _titled("Limits", _limits(source)),
        _titled("Provenance", _PROVENANCE, _table(("", ""), _provenance(source))),
    ]
    return "\n\n".join(parts) + "\n"


_USE = """\
```python
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("<this directory>")
model = AutoModelForCausalLM.from_pretrained("<this directory>", dtype="float32")
ids = tokenizer("Once upon a time", return_tensors="pt").input_ids
print(tokenizer.decode(model.generate(ids, max_new_tokens=64)[0], skip_special_tokens=True))
```

Text that spells a control symbol, such as `<|user|>`, stays text. Such a symbol enters a sequence
by its id (`tokenizer.convert_tokens_to_ids`), or with `split_special_tokens=False`."""
_TEXT = "The model was trained on these sources. Their licences follow the text."
_PROVENANCE = "SHA-256 of what the model was made from and by; equal inputs give an equal model."


def _front_matter() -> str:
    lines = ("library_name: transformers", "pipeline_tag: text-generation", "tags:", "- alm")
    return "\n".join(["---", *lines, "---"])


def _introduce(source: Source) -> str:
    size = describe(_written_shape(source.spec), source.spec.n_vocab, source.spec.seq_len)
    kind = "dense" if source.spec.model.moe is None else "mixture-of-experts"
    active = "" if source.spec.model.moe is None else f", {size.n_active:,} of them active"
    return (
        f"A {kind} language model of {size.n_parameters:,} parameters{active}, built with alm. "
        f"It is a `{architecture_of(source.spec.model).class_name}`, which {_readers(source)} can "
        "load as it is."
    )


def _written_shape(spec: ModelSpec) -> ModelConfig:
    """Return the shape without the rows that no token uses: no file has them."""
    return replace(spec.model, vocab_size=spec.n_vocab)


def _readers(source: Source) -> str:
    """Return who can load it, transformers always: it reads the directory of this card."""
    targets = source.spec.model.targets
    names = {"mlx": "mlx-lm", "llama_cpp": "llama.cpp (as GGUF)"}
    *others, last = ["transformers", *(names[each] for each in names if each in targets)]
    return f"{', '.join(others)} and {last}" if others else last


def _shape(source: Source) -> Iterable[tuple[str, object]]:
    config = source.spec.model
    yield "layers", config.n_layers
    yield "width", config.d_model
    yield "heads", f"{config.n_heads} of {config.d_head}, {config.n_kv_heads} for keys and values"
    yield "dense feed-forward", config.d_ff
    if config.moe is not None:
        moe = config.moe
        yield "experts", f"{moe.n_experts} of {moe.d_expert}, {moe.n_experts_per_token} per token"
        yield "shared experts", moe.n_shared_experts
        yield "layers without experts", moe.n_dense_layers
    yield "vocabulary", source.spec.n_vocab
    yield "context", f"{source.spec.seq_len} tokens"
    yield "embeddings", "tied" if config.tied_embeddings else "untied"


def _licences(source: Source) -> Iterable[tuple[str, object]]:
    for each in source.manifests["packed"].facts["sources"]:
        yield each["name"], each["licence"]


def _training(source: Source) -> Iterable[tuple[str, object]]:
    facts = source.manifests["model"].facts
    for key in ("steps", "tokens", "train_loss", "val_loss"):
        if key in facts:
            value = facts[key]
            shown = f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
            yield key.replace("_", " "), shown


def _limits(source: Source) -> str:
    return (
        "The model continues text as its sources would, and knows nothing beyond them. It was not "
        "taught to follow instructions, and what it says may be false, unfitting or copied. It "
        f"sees {source.spec.seq_len} tokens at once."
    )


def _provenance(source: Source) -> Iterable[tuple[str, object]]:
    for key, manifest in sorted(source.manifests.items()):
        yield DIGESTS[key], manifest.sha256[:SHORT]
    yield "tokenizer (vocabulary)", source.spec.tokenizer_sha256[:SHORT]
    model = source.manifests["model"]
    for name, entry in sorted(model.files.items()):
        yield name, entry.sha256[:SHORT]
    for path, digest in sorted(model.code.items()):
        yield path, digest[:SHORT]
    yield from sorted(model.libraries.items())


def _titled(title: str, *parts: str) -> str:
    return "\n\n".join([f"## {title}", *parts])


def _table(head: tuple[str, str], rows: Iterable[tuple[str, object]]) -> str:
    lines = [f"| {head[0]} | {head[1]} |", "| --- | --- |"]
    return "\n".join(lines + [f"| {_cell(name)} | {_cell(value)} |" for name, value in rows])


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("\\", "\\\\").replace("|", "\\|")

"""Nothing is exported that another tool, where it is installed, reads otherwise than we do.

Each tool loads the finished files as a user would, on prompts of held-out tokens: transformers
predicts behind every token, llama.cpp behind the last of each prompt. Both read the same strings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from alm.errors import ConfigError, IntegrityError, installing
from alm.export.gguf import Format
from alm.export.llama_cpp_peer import Questions, ask_llama_cpp, has_llama_cpp
from alm.export.parity import EXACT, Bounds, Parity, compare
from alm.export.reference import Reference
from alm.export.source import Source
from alm.export.strings import probe_strings
from alm.export.tokenizer_json import SPACE_MARK
from alm.export.transformers_peer import TransformersPeer
from alm.tokenizer import Tokenizer

BOUNDS = {
    Format.F32: EXACT,
    # A file that is wrong is off by nats. How good rounded weights are, the receipt tells.
    Format.F16: Bounds(max_kl=0.05),
    Format.Q8_0: Bounds(max_kl=0.1),
}


@dataclass(frozen=True)
class Files:
    """What was written, as far as the shape has targets for it."""

    huggingface: Path | None
    """The directory that transformers and mlx-lm read."""
    ggufs: dict[Format, Path]


@dataclass(frozen=True)
class Passed:
    """A gate that was passed, and what was seen on the way."""

    n_rows: int
    """Held-out rows, each of which a prompt was cut from."""
    n_strings: int
    parities: dict[str, Parity]
    """By the name of the tool, and of the format where there are several."""

    def facts(self) -> dict[str, Any]:
        """Return what holds wherever the export is made, for a manifest.

        What was measured is not among it: its last digits depend on the processor, and a manifest
        must not.
        """
        return {
            "held_out_rows": self.n_rows,
            "strings": self.n_strings,
            "tolerance": EXACT.max_delta,
            "agrees": sorted(self.parities),
        }


def pass_gate(source: Source, files: Files, rows: Sequence[np.ndarray]) -> Passed:
    """Compare the exported files with the model that they were made of.

    Args:
        source: the model.
        files: what was exported; without any there is nothing to compare.
        rows: held-out tokens; a prompt is made of each.

    Raises:
        IntegrityError: a tool reads or predicts otherwise; the message says which, where, how far.
        ConfigError: transformers is not installed, or, where the shape is for llama.cpp alone,
            llama.cpp is not.
    """
    if files.huggingface is None and not files.ggufs:
        return Passed(0, 0, {})
    reference = Reference.load(source.paths["model"])
    prompts = choose_prompts(reference, rows, source.spec.seq_len)
    strings = probe_strings(source.tokenizer.pieces)
    parities = {}
    if files.huggingface is not None:
        peer = TransformersPeer.load(files.huggingface)
        parities["transformers"] = _meet_transformers(source, reference, peer, prompts, strings)
    if has_llama_cpp():
        parities |= _meet_every_gguf(source, reference, files.ggufs, prompts, strings)
    elif files.huggingface is None:
        raise ConfigError(
            "expected the package xllamacpp, which this export is compared with, found none; "
            f"install it with {installing('export')}"
        )
    return Passed(len(rows), len(strings), parities)


def choose_prompts(
    reference: Reference, rows: Sequence[np.ndarray], seq_len: int
) -> list[list[int]]:
    """Return a prompt for each row, as far as its experts are chosen clearly.

    Raises:
        IntegrityError: that leaves less than half of their tokens.
    """
    prompts = cut_prompts(rows, seq_len)
    settled = [reference.settled(prompt) for prompt in prompts]
    n_left, n_tokens = (sum(map(len, each)) for each in (settled, prompts))
    if not n_left or 2 * n_left < n_tokens:
        raise IntegrityError(
            f"expected held-out tokens that the router decides clearly, found {n_left:,} of "
            f"{n_tokens:,} up to the first that it does not; pack more text, or train the model"
        )
    return [prompt for prompt in settled if prompt]


def cut_prompts(rows: Sequence[np.ndarray], seq_len: int) -> list[list[int]]:
    """Return the head of each row, from all but one token of the context down to a single one.

    llama.cpp refuses a prompt that leaves no room for another token.
    """
    steps = max(1, len(rows) - 1)
    prompts = []
    for i, row in enumerate(rows):
        most = min(len(row), seq_len - 1)
        prompts.append([int(token) for token in row[: most - (most - 1) * i // steps]])
    return prompts


def compare_tokens(
    who: str, strings: Sequence[str], ours: Sequence[object], theirs: Sequence[object]
) -> None:
    """Raise IntegrityError unless every string was read alike; name the first that was not."""
    wrong = [i for i in range(len(strings)) if ours[i] != theirs[i]]
    if wrong:
        first = wrong[0]
        raise IntegrityError(
            f"expected {who} to read {len(strings)} strings as alm does, found {len(wrong)} read "
            f"otherwise, such as {strings[first]!r}: {ours[first]} became {theirs[first]}; nothing "
            "was published"
        )


def _meet_transformers(
    source: Source,
    reference: Reference,
    peer: TransformersPeer,
    prompts: list[list[int]],
    strings: list[str],
) -> Parity:
    tokenizer = source.tokenizer
    ids = [[tokenizer.bos_id, *tokenizer.encode(text)] for text in strings]
    compare_tokens("transformers", strings, ids, [peer.encode(text) for text in strings])
    compare_tokens("transformers' decoder", strings, strings, [peer.decode(each) for each in ids])
    parity = compare((reference.logits(ids), peer.logits(ids)) for ids in prompts)
    parity.check(EXACT, "transformers")
    return parity


def _meet_every_gguf(
    source: Source,
    reference: Reference,
    ggufs: dict[Format, Path],
    prompts: list[list[int]],
    strings: list[str],
) -> dict[str, Parity]:
    logits_PV = np.stack([reference.logits(prompt)[-1] for prompt in prompts])
    ascii_id = source.tokenizer.encode("\n")[0]
    questions = Questions(strings, prompts, source.spec.n_vocab, ascii_id)
    parities = {}
    for kind, path in sorted(ggufs.items()):
        found = _meet_llama_cpp(source.tokenizer, logits_PV, path, questions)
        found.check(BOUNDS[kind], f"llama.cpp with {path.name}")
        parities[f"llama.cpp {kind}"] = found
    return parities


def _meet_llama_cpp(
    tokenizer: Tokenizer, logits_PV: np.ndarray, path: Path, questions: Questions
) -> Parity:
    """Compare with llama.cpp, to which U+2581 is a space, as to SentencePiece."""
    answers = ask_llama_cpp(path, questions, torch.get_num_threads())
    plain = [text.replace(SPACE_MARK, " ") for text in questions.texts]
    ids = [[tokenizer.bos_id, *tokenizer.encode(text)] for text in plain]
    compare_tokens("llama.cpp", questions.texts, ids, answers.ids)
    return compare([(logits_PV, answers.logprobs_PV)])

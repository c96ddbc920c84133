"""Everything that stage evaluate finds out about a preset's model, in plain data."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from alm.checkpoint import build_model, read_spec
from alm.config import EvaluateConfig, Params, SampleConfig
from alm.errors import IntegrityError
from alm.eval import HeldOut, evaluate
from alm.eval.held_out import read_train_texts
from alm.infer import Engine
from alm.io import Manifest
from alm.model import Transformer
from alm.quant import read_dequantized
from alm.quant.weights import KIND, SOURCE_KIND
from alm.tasks.diversity import compare_samples, openings
from alm.tasks.json_lines import fits, go_on, pose_object
from alm.tasks.likelihood import Sheet, Verdict, judge
from alm.tasks.proportion import Proportion
from alm.tasks.question import OPTIONS, Question
from alm.tasks.suite import QUESTIONS, SEED, draws_of, pose

JSON, SAMPLES = "json", "samples"
RULE = (
    "The questions are the same for every model; those that do not fit its context are left out.",
    "exact: each token of the answer is the likeliest one; chance is a guess among all answers of "
    "the right form.",
    f"choice: the answer is likelier than {OPTIONS - 1} that would be right for other questions; "
    "equally likely counts as wrong.",
    "Intervals are Wilson's, 95 %.",
    "seen: the line that the answer completes is a line of the training text.",
    "int8: the same questions put to the int8 weights; same: both prefer the same answer.",
    "json: a line sampled behind two lines of JSON is one JSON object.",
    "samples and held_out: what the model and the document itself say after the first words of "
    "held-out documents, equally many tokens; distinct: n-grams that differ; repeated: 4-grams "
    "that stand before in the same text; loops: texts that end in the same tokens three times.",
)
"""A list on purpose: ``dvc metrics`` makes a column of every string, and skips lists."""


def measure_model(  # noqa: PLR0913
    params: Params,
    *,
    model: Path,
    int8: Path,
    tokenizer: Path,
    packed: Path,
    documents: Path,
    device: str,
) -> dict[str, Any]:
    """Score a published model on held-out text, and put the tasks to it and to its int8 weights.

    Returns:
        What :func:`alm.eval.evaluate` finds; and as ``tasks`` the rule by which they are measured,
        ``questions``, a row of figures for each kind of them, ``json`` and ``samples``, as far as
        ``evaluate.tasks`` names them; nothing where it names none.

    Raises:
        IntegrityError: a file is absent or damaged, or they do not belong together.
    """
    config, engine = params.evaluate, Engine.load(model, tokenizer, device)
    found = evaluate(engine.model, read_spec(model), packed, documents, config)
    tasks: dict[str, Any] = {"rule": RULE} if config.tasks else {}
    if QUESTIONS.keys() & set(config.tasks):
        smaller = _load_int8(int8, model, device)
        tasks["questions"] = ask(engine, smaller, config, read_train_texts(documents))
    if JSON in config.tasks:
        tasks[JSON] = write_json_lines(engine, params.sample, config.task_samples)
    if SAMPLES in config.tasks:
        held_out = HeldOut.read(packed, documents, config.max_bytes, config.limits)
        texts = [text.decode() for text in held_out.texts.values()]
        begun = openings(texts, engine.tokenizer, config.task_samples, engine.seq_len)
        tasks[SAMPLES] = compare_samples(engine, begun, params.sample, SEED)
    return {**found, "tasks": tasks}


def _load_int8(int8: Path, model: Path, device: str) -> Transformer:
    """Build the network with the int8 form of a published model's weights."""
    wanted = Manifest.read(model, SOURCE_KIND).sha256
    made_of = Manifest.read(int8, KIND).inputs["model"]
    if made_of != wanted:
        raise IntegrityError(
            f"{int8}: expected the int8 form of the model {wanted[:12]}, found that of "
            f"{made_of[:12]}; build it again with make quantize"
        )
    return build_model(read_spec(int8), read_dequantized(int8), device)


def ask(
    engine: Engine, smaller: Transformer, config: EvaluateConfig, train: Iterable[bytes]
) -> dict[str, Any]:
    """Return a row of figures for each kind of question that the tasks have.

    Args:
        engine: a model and its tokenizer.
        smaller: the same model with other weights.
        config: which tasks, and how many questions of each kind.
        train: what the model was trained on.
    """
    rows = {row: make for name in config.tasks for row, make in QUESTIONS.get(name, {}).items()}
    posed = {
        row: pose(row, make, engine.tokenizer, config.task_examples, engine.seq_len)
        for row, make in rows.items()
    }
    facts = {question.fact for each in posed.values() for question, _ in each if question.fact}
    seen = find_lines(facts, train)
    return {row: _score(each, engine.model, smaller, seen) for row, each in posed.items()}


def write_json_lines(engine: Engine, config: SampleConfig, n: int) -> dict[str, Any]:
    """Return how many of ``n`` sampled lines are JSON; fewer if the context has no room."""
    drawn = [pose_object(draws_of(JSON, i)) for i in range(n)]
    prompts = [prompt for prompt in drawn if fits(prompt, engine)]
    valid = Proportion.of(go_on(engine, prompts, config, SEED))
    return {"n": len(prompts), "valid": {**valid.as_dict(), "chance": 0.0}}


def find_lines(wanted: set[str], texts: Iterable[bytes]) -> set[str]:
    """Return which of some lines stand in the texts, as lines."""
    missing = {line.encode(): line for line in sorted(wanted)}
    found = {line for text in texts if missing for line in text.split(b"\n") if line in missing}
    return {missing[line] for line in found}


def _score(
    posed: Sequence[tuple[Question, Sheet]],
    model: Transformer,
    smaller: Transformer,
    seen: set[str],
) -> dict[str, Any]:
    """Return what two sets of weights make of the questions of one kind."""
    questions, sheets = [question for question, _ in posed], [sheet for _, sheet in posed]
    verdicts, others = judge(model, sheets), judge(smaller, sheets)
    told = [question.fact in seen for question in questions if question.fact]
    chance = sum(question.chance for question in questions) / len(posed) if posed else None
    exact, choice = _shares(verdicts)
    exact_int8, choice_int8 = _shares(others)
    same = Proportion.of(a.preferred == b.preferred for a, b in zip(verdicts, others, strict=True))
    return {
        "n": len(posed),
        "seen": Proportion.of(told).value,
        "exact": {**exact, "chance": chance},
        "choice": {**choice, "chance": 1 / OPTIONS},
        "int8": {"exact": exact_int8, "choice": choice_int8, "same": same.as_dict()},
    }


def _shares(verdicts: Sequence[Verdict]) -> tuple[dict[str, Any], dict[str, Any]]:
    exact = Proportion.of(each.exact for each in verdicts)
    choice = Proportion.of(each.preferred == 0 for each in verdicts)
    return exact.as_dict(), choice.as_dict()

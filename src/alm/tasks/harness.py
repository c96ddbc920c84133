"""The tasks of others: lm-evaluation-harness (extra ``alm[lm-eval]``) over our engine.

Importing this module needs that extra, so nothing else of the package does.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from alm.config import SampleConfig
from alm.errors import AlmError, ConfigError, InputError, installing
from alm.infer import Engine, Request, Scores
from alm.tasks.likelihood import count_shared

try:
    from lm_eval import simple_evaluate
    from lm_eval.api.instance import Instance
    from lm_eval.api.model import LM
    from lm_eval.models.utils import normalize_gen_kwargs
    from lm_eval.tasks import TaskManager
    from lm_eval.utils import get_rolling_token_windows, make_disjoint_window, make_table
except ModuleNotFoundError as error:
    raise ConfigError(
        f"expected lm-evaluation-harness, found no {error.name}; install it with "
        f"{installing('lm-eval')}"
    ) from None

SEED = 0  # of what a task wants sampled
MAX_NEW_TOKENS = 256  # where a task does not say
BOOTSTRAP_DRAWS = 1000  # for errors of metrics that are no means
UNDERSTOOD = {"until", "max_gen_toks", "do_sample", "temperature", "top_k", "top_p", "min_p"}


class HarnessModel(LM):
    """Answer the three kinds of requests that tasks are made of.

    Every text is read as a document begins, behind BOS. What is longer than the context loses its
    beginning, BOS too, and is counted in ``n_cut``.

    Args:
        engine: a model and its tokenizer.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine = engine
        self.n_cut = 0

    def loglikelihood(
        self,
        requests: list[Instance],
        disable_tqdm: bool = False,  # noqa: ARG002
    ) -> list[tuple[float, bool]]:
        """Return the log-probability of each continuation of a context, and whether it is greedy.

        Both are encoded as the one text that they are; scored is what lies behind the tokens that
        the context has by itself.

        Raises:
            InputError: a continuation is longer than the model can see.
        """
        pairs = [self._encode(*request.args) for request in requests]
        return self._score(pairs)

    def loglikelihood_rolling(
        self,
        requests: list[Instance],
        disable_tqdm: bool = False,  # noqa: ARG002
    ) -> list[float]:
        """Return the log-probability of each text, EOS aside.

        A text longer than the context is cut as the harness has it: each token is scored once, in
        windows that are as long as they can be.
        """
        return [self._score_rolling(*request.args) for request in requests]

    def generate_until(
        self,
        requests: list[Instance],
        disable_tqdm: bool = False,  # noqa: ARG002
    ) -> list[str]:
        """Return what follows each context, greedily unless the task wants it sampled.

        A task may ask for more tokens than half the context; then it gets half of it.

        Raises:
            ConfigError: a task wants something of the sampler that it cannot do.
        """
        asked = [self._request(i, *request.args) for i, request in enumerate(requests)]
        return [completion.text for completion in self.engine.complete(asked)]

    def _encode(self, context: str, continuation: str) -> tuple[list[int], list[int]]:
        tokenizer = self.engine.tokenizer
        before, whole = tokenizer.encode(context), tokenizer.encode(context + continuation)
        n_shared = count_shared([before, whole])
        return [tokenizer.bos_id, *whole[:n_shared]], whole[n_shared:]

    def _score(self, pairs: Sequence[tuple[list[int], list[int]]]) -> list[tuple[float, bool]]:
        """Return for each context and what follows it the log-probability, and if it is greedy."""
        room = self.engine.seq_len
        if too_long := [len(rest) for _, rest in pairs if len(rest) > room]:
            raise InputError(
                f"expected continuations of at most {room} tokens, found one of {too_long[0]}; "
                "leave the task out, or train with a larger data.seq_len"
            )
        rows = [(*before, *rest) for before, rest in pairs]
        self.n_cut += sum(len(row) > room + 1 for row in rows)
        scores = self.engine.score_all([row[-room - 1 :] for row in rows])
        return [_total(each, len(rest)) for each, (_, rest) in zip(scores, pairs, strict=True)]

    def _score_rolling(self, text: str) -> float:
        windows = get_rolling_token_windows(
            token_list=self.engine.tokenizer.encode(text),
            prefix_token=self.engine.tokenizer.bos_id,
            max_seq_len=self.engine.seq_len,
            context_len=1,
        )
        return sum(total for total, _ in self._score([make_disjoint_window(w) for w in windows]))

    def _request(self, number: int, context: str, wanted: dict[str, Any]) -> Request:
        kwargs = normalize_gen_kwargs(wanted, MAX_NEW_TOKENS)
        if strange := sorted(kwargs.keys() - UNDERSTOOD):
            raise ConfigError(
                f"expected generation_kwargs among {', '.join(sorted(UNDERSTOOD))}, found "
                f"{', '.join(strange)} in a task; leave the task out"
            )
        n_new = min(kwargs["max_gen_toks"], self.engine.seq_len // 2)
        return Request(
            prompt=self._cut(context, self.engine.seq_len - 1 - n_new),
            config=_sampling(kwargs, n_new),
            seed=SEED if kwargs["do_sample"] else None,
            sequence=number,
            stop=[text for text in kwargs["until"] if text],
        )

    def _cut(self, context: str, room: int) -> str:
        """Return the end of a text that fits, whole characters of it."""
        tokenizer = self.engine.tokenizer
        ids = tokenizer.encode(context)
        if len(ids) <= room:
            return context
        self.n_cut += 1
        text = tokenizer.decode_bytes(ids[-room:]).decode("utf-8", errors="ignore")
        while len(tokenizer.encode(text)) > room:
            text = text[1:]
        return text


def run_tasks(
    model: HarnessModel, names: Sequence[str], include: Path | None, limit: int | None
) -> dict[str, Any]:
    """Run tasks of the harness; return what it reports, samples included.

    Args:
        model: what answers.
        names: tasks, groups or patterns, of the harness or of ``include``.
        include: a folder of task files. One may name Python functions beside it, which the harness
            then runs: include only folders that you trust.
        limit: documents of each task at most.

    Raises:
        ConfigError: there is no such task.
        InputError: a task cannot be run, as where its documents cannot be had.
    """
    manager = TaskManager(include_path=include and str(include), include_defaults=False)
    if _unknown(names, manager):  # the harness's own are thousands of files: read only if needed
        manager = TaskManager(include_path=include and str(include))
    if unknown := _unknown(names, manager):
        raise ConfigError(
            f"expected tasks of lm-evaluation-harness, found {', '.join(unknown)}; correct TASKS, "
            "or name their folder with INCLUDE"
        )
    try:
        return simple_evaluate(
            model=model,
            tasks=list(names),
            task_manager=manager,
            limit=limit,
            bootstrap_iters=BOOTSTRAP_DRAWS,
        )
    except AlmError:
        raise
    except Exception as error:  # of the harness, of datasets, of a task's own code
        raise InputError(
            f"expected {', '.join(names)} to run, found {type(error).__name__}: {error}; look at "
            "the task and at where its documents are"
        ) from None


def render(found: dict[str, Any], n_cut: int) -> str:
    """Return the harness's own tables, and what was cut."""
    tables = [make_table(found)]
    tables += [make_table(found, "groups")] if found.get("groups") else []
    note = f"{n_cut} texts were longer than the context and lost their beginning"
    return "\n".join([*tables, *([note] if n_cut else [])])


def _unknown(names: Iterable[str], manager: TaskManager) -> list[str]:
    return [name for name in names if not manager.match_tasks([name])]


def _total(scores: Scores, n: int) -> tuple[float, bool]:
    """Return the log-probability of the last ``n`` tokens, and whether all are greedy."""
    start = len(scores.logprobs_T) - n
    return float(scores.logprobs_T[start:].sum()), bool(scores.greedy_T[start:].all())


def _sampling(kwargs: dict[str, Any], max_new_tokens: int) -> SampleConfig:
    """Return the limits that a task asks for and no others, whatever the preset's are."""
    return SampleConfig(
        prompts=("",),
        max_new_tokens=max_new_tokens,
        temperature=float(kwargs.get("temperature") or 1.0),
        top_k=int(kwargs.get("top_k") or 0),
        top_p=float(kwargs.get("top_p") or 1.0),
        min_p=float(kwargs.get("min_p") or 0.0),
        repetition_penalty=1.0,
        presence_penalty=0.0,
        frequency_penalty=0.0,
    )

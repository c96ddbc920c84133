"""lm-evaluation-harness over the engine; its extra is `alm[lm-eval]`."""

import importlib.util
import json
import math

import pytest

from alm.errors import ConfigError, InputError
from alm.infer import Engine

TASK = """\
task: {name}
dataset_path: json
dataset_kwargs:
  data_files: {{test: {data}}}
  cache_dir: {cache}
test_split: test
output_type: {kind}
doc_to_text: "{{{{text}}}}"
{rest}
metadata:
  version: 1
"""
CHOICE = """\
doc_to_target: answer
doc_to_choice: choices
metric_list:
  - metric: acc
"""
ROLLING = """\
doc_to_target: "{{text}}"
metric_list:
  - metric: bits_per_byte
"""
GENERATED = """\
doc_to_target: answer
generation_kwargs: {until: ["q"], max_gen_toks: 4, do_sample: false}
metric_list:
  - metric: exact_match
"""
DOCUMENTS = [
    {"text": "the cat sat", "choices": ["on", "by the mat", "é"], "answer": 1},
    {"text": "one two", "choices": ["three", "four", "5"], "answer": 0},
    {"text": "a b c", "choices": ["d", "x y", "z"], "answer": 2},
]


@pytest.fixture(scope="module")
def harness():
    """Skip where lm-eval is not installed; in CI a skipped test is a failed one."""
    if importlib.util.find_spec("lm_eval") is None:
        pytest.skip("lm-eval is not installed; it is the extra lm-eval")
    from alm.tasks import harness

    return harness


@pytest.fixture
def folder(tmp_path):
    """Task files of each kind, and the documents."""
    data = tmp_path / "documents.jsonl"
    data.write_text("".join(json.dumps(document) + "\n" for document in DOCUMENTS))
    places = {"data": data, "cache": tmp_path / "cache"}
    for name, kind, rest in (
        ("chosen", "multiple_choice", CHOICE),
        ("rolled", "loglikelihood_rolling", ROLLING),
        ("spoken", "generate_until", GENERATED),
    ):
        text = TASK.format(name=name, kind=kind, rest=rest, **places)
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


@pytest.fixture
def adapter(harness, engine):
    return harness.HarnessModel(engine)


@pytest.fixture
def make_request(harness):
    def make(kind, *arguments):
        return harness.Instance(request_type=kind, doc={}, arguments=arguments, idx=0)

    return make


def score(engine, *texts):
    """Return the engine's own log-probability of the last text behind the others."""
    spelt = [engine.tokenizer.encode(text) for text in texts]
    ids = [engine.tokenizer.bos_id, *(token for each in spelt for token in each)]
    return engine.score(ids).logprobs_T[-len(spelt[-1]) :].sum()


@pytest.mark.filterwarnings("default")  # the harness's own, and those of datasets
def test_local_tasks_give_the_log_likelihoods_of_the_engine(harness, adapter, folder):
    names = ["chosen", "rolled", "spoken"]

    found = harness.run_tasks(adapter, names, folder, None)

    engine, samples = adapter.engine, found["samples"]
    for sample in samples["chosen"]:
        document = sample["doc"]
        said = [total for total, _ in sample["filtered_resps"]]
        expected = [score(engine, document["text"], f" {each}") for each in document["choices"]]
        assert said == pytest.approx(expected, abs=1e-6)
        assert sample["acc"] == (max(expected) == expected[document["answer"]])
    totals = [score(engine, document["text"]) for document in DOCUMENTS]
    n_bytes = sum(len(document["text"]) for document in DOCUMENTS)
    bits = -sum(totals) / math.log(2) / n_bytes
    assert found["results"]["rolled"]["bits_per_byte,none"] == pytest.approx(bits, abs=1e-6)
    assert len(samples["chosen"]) == len(samples["spoken"]) == len(DOCUMENTS)
    assert adapter.n_cut == 0
    assert "chosen" in harness.render(found, 0)


@pytest.mark.filterwarnings("default")
def test_a_limit_takes_fewer_documents(harness, adapter, folder):
    found = harness.run_tasks(adapter, ["chosen"], folder, 2)

    assert len(found["samples"]["chosen"]) == 2


@pytest.mark.filterwarnings("default")
def test_a_task_whose_documents_are_not_there_is_named(harness, adapter, folder):
    (folder / "documents.jsonl").unlink()

    with pytest.raises(InputError, match="expected chosen to run"):
        harness.run_tasks(adapter, ["chosen"], folder, None)


def test_unknown_tasks_are_named(harness, adapter, folder, monkeypatch):
    found = []
    manager = harness.TaskManager

    def look_in_folder_alone(include_path, include_defaults=True):
        found.append(include_defaults)
        return manager(include_path=include_path, include_defaults=False)

    monkeypatch.setattr(harness, "TaskManager", look_in_folder_alone)

    with pytest.raises(ConfigError, match="found absent; correct TASKS"):
        harness.run_tasks(adapter, ["absent", "chosen"], folder, None)
    assert found == [False, True]


def test_a_continuation_is_greedy_if_the_engine_says_it(adapter, make_request, sampling):
    (said,) = adapter.engine.generate("the cat", sampling, None)
    other = said.text[:-1] + ("a" if said.text[-1] != "a" else "b")
    pairs = [("the cat", said.text), ("the cat", other)]

    found = adapter.loglikelihood([make_request("loglikelihood", *pair) for pair in pairs])

    assert [greedy for _, greedy in found] == [True, False]


def test_a_space_at_the_end_of_a_context_is_part_of_the_text(adapter, make_request):
    found = adapter.loglikelihood([make_request("loglikelihood", "the cat ", "sat")])

    assert found[0][0] == pytest.approx(score(adapter.engine, "the cat ", "sat"))


def test_without_a_context_the_beginning_of_a_document_is_it(adapter, make_request):
    found = adapter.loglikelihood([make_request("loglikelihood", "", "the cat")])

    assert found[0][0] == pytest.approx(score(adapter.engine, "the cat"))


def short(harness, engine):
    """An adapter whose engine sees eight tokens."""
    return harness.HarnessModel(Engine(engine.model, engine.tokenizer, "cpu", 8))


def test_long_contexts_lose_their_beginning_and_are_counted(harness, engine, make_request):
    model, requests = short(harness, engine), [make_request("loglikelihood", "0123456789", "ab")]
    ids = engine.tokenizer.encode("3456789ab")

    found = model.loglikelihood(requests)

    assert found[0][0] == pytest.approx(engine.score(ids).logprobs_T[-2:].sum(), abs=1e-5)
    assert model.n_cut == 1
    assert "1 texts were longer" in harness.render({"results": {}, "versions": {}}, 1)


def test_continuation_that_cannot_be_seen_is_refused(harness, engine, make_request):
    with pytest.raises(InputError, match="at most 8 tokens, found one of 9"):
        short(harness, engine).loglikelihood([make_request("loglikelihood", "a", "b" * 9)])


def test_each_token_of_a_long_text_is_scored_once(harness, engine, make_request):
    """Eight tokens behind BOS; then eight; then the last four, behind the four before them."""
    text = "abcdefghijklmnopqrst"
    ids = engine.tokenizer.encode(text)
    model = short(harness, engine)

    (found,) = model.loglikelihood_rolling([make_request("loglikelihood_rolling", text)])

    expected = engine.score([1, *ids[:8]]).total + engine.score(ids[7:16]).total
    expected += engine.score(ids[11:20]).logprobs_T[-4:].sum()
    assert found == pytest.approx(expected, abs=1e-4)
    assert model.n_cut == 0


def test_text_is_generated_greedily_up_to_a_stop_string(adapter, make_request, sampling):
    (said,) = adapter.engine.generate("the cat", sampling, None)
    kwargs = {"until": [said.text[3:5]], "max_gen_toks": 12}

    found = adapter.generate_until([make_request("generate_until", "the cat", kwargs)])

    assert found == [said.text[: said.text.index(said.text[3:5])]]


def test_sampling_is_what_the_task_asks_for_and_repeats(adapter, make_request):
    kwargs = {"until": [], "do_sample": True, "temperature": 3.0, "max_gen_toks": 12}
    requests = [make_request("generate_until", "the cat", kwargs)] * 2

    first, second = adapter.generate_until(requests)

    assert first != second
    assert adapter.generate_until(requests) == [first, second]


def test_what_the_sampler_cannot_do_is_refused(adapter, make_request):
    request = make_request("generate_until", "a", {"until": ["."], "num_beams": 3})

    with pytest.raises(ConfigError, match="found num_beams in a task"):
        adapter.generate_until([request])


def test_long_prompts_keep_their_end_in_whole_characters(harness, engine, make_request):
    model = short(harness, engine)
    kwargs = {"until": [], "max_gen_toks": 100}

    (said,) = model.generate_until([make_request("generate_until", "0123éab", kwargs)])

    assert model.n_cut == 1
    assert len(engine.tokenizer.encode(said)) <= 4 * 3  # of four tokens; U+FFFD has three bytes
    assert model._cut("0123éab", 3) == "ab"

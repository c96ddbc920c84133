"""JSON lines: objects as prompts, and the strictest reading of what follows."""

import json

import pytest

from alm.infer import Completion
from alm.tasks.json_lines import MAX_NEW_TOKENS, OPEN, fits, go_on, is_object, pose_object
from alm.tasks.suite import draws_of


class Scripted:
    """An engine that says given things."""

    def __init__(self, *said):
        self.said = said
        self.requests = []

    def complete(self, requests):
        self.requests += requests
        return self.said


def test_prompt_is_two_objects_and_the_beginning_of_a_third():
    *lines, rest = pose_object(draws_of("json", 0)).split("\n")

    assert [set(json.loads(line)) for line in lines] == [{"name", "age"}] * 2
    assert rest == OPEN


def test_prompts_differ():
    assert len({pose_object(draws_of("json", i)) for i in range(20)}) == 20


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [
        ('{"name": "Ada", "age": 7}', True),
        ('{"name": "Ada"}', True),
        ('{"name": "Ada", "name": "Ada"}', False),
        ('{"name": "Ada", "age": NaN}', False),
        ('{"name": "Ada"', False),
        ('{"name": "Ada"} {}', False),
        ("[1]", False),
        ("", False),
    ],
)
def test_only_one_whole_object_is_valid(text, is_valid):
    assert is_object(text) == is_valid


def test_a_line_counts_if_it_ends_and_is_an_object(sampling):
    engine = Scripted(
        Completion('Ada", "age": 7}', (), "stop"),
        Completion('Ada", "age": 7}', (), "length"),
        Completion("Ada", (), "stop"),
    )

    assert go_on(engine, ["a", "b", "c"], sampling, 5) == [True, False, False]


def test_each_prompt_is_sampled_by_itself_to_the_end_of_the_line(sampling):
    engine = Scripted()
    go_on(engine, ["a", "b"], sampling, 5)

    assert [each.prompt for each in engine.requests] == ["a", "b"]
    assert [(each.seed, each.sequence) for each in engine.requests] == [(5, 0), (5, 1)]
    assert {each.stop for each in engine.requests} == {("\n",)}
    assert {each.config.max_new_tokens for each in engine.requests} == {MAX_NEW_TOKENS}
    assert {each.config.temperature for each in engine.requests} == {sampling.temperature}


def test_prompt_needs_room_for_what_follows(engine):
    assert fits("a" * (engine.seq_len - 1 - MAX_NEW_TOKENS), engine)
    assert not fits("a" * (engine.seq_len - MAX_NEW_TOKENS), engine)

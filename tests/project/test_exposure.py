import pytest

from alm.corpus import Document
from alm.data import Loader, TokenStream
from alm.errors import IntegrityError
from alm.io import Manifest
from alm.project.exposure import Exposure, Reading, spell_readings

LENGTHS = [9, 3, 30, 2, 17, 6, 12]  # tokens of each document, BOS and EOS among them


@pytest.fixture
def documents():
    return [Document(f"d{i}", "ab"[i % 2], "x" * n, {}) for i, n in enumerate(LENGTHS)]


@pytest.fixture
def text(tmp_path, documents, fill_corpus):
    return fill_corpus(tmp_path / "filter", train=documents)


@pytest.fixture
def packed(tmp_path, documents, text, pack_train):
    """Shards whose tokens say which document they are of."""
    tokens = [[1, *[10 + i] * (n - 1)] for i, n in enumerate(LENGTHS)]
    return pack_train(tmp_path / "packed", documents, tokens, text)


@pytest.fixture
def exposure(tmp_path, packed, text, publish):
    return Exposure.of(publish(tmp_path / "model", packed), packed, text)


KINDS = {
    "stream": {},
    "best fit": {"rows": "best_fit"},
    "mixture": {"mixture": {"a": 0.5, "b": 0.5}},
    "curriculum": {"seq_len": 16, "curriculum": [{"until": 0.5, "seq_len": 8}]},
}


@pytest.mark.parametrize("kind", KINDS)
def test_readings_are_the_steps_whose_targets_hold_the_document(
    tmp_path, packed, text, publish, kind
):
    exposure = Exposure.of(publish(tmp_path / "model", packed, **KINDS[kind]), packed, text)
    stream = TokenStream(packed, "train")
    sizes = {"batch_size": exposure.batch_size, "steps": exposure.n_steps}
    batches = Loader(stream, exposure.config, **sizes, seed=exposure.seed)
    targets = []
    for step in range(exposure.n_steps):
        batch = batches.batch(step)
        targets.append(set(batch.tokens_BT[:, 1:][batch.loss_mask_BT].tolist()))

    readings = exposure.readings(range(len(LENGTHS)))

    for number, each in enumerate(readings):
        expected = [step for step, seen in enumerate(targets, start=1) if 10 + number in seen]
        assert sorted({reading.step for reading in each}) == expected
    assert all(readings[:-1])  # the last may stand in a tail that is too short for a row


@pytest.mark.parametrize(("kind", "n_rows"), [("stream", 9), ("curriculum", 4)])
def test_a_document_of_one_row_is_read_once_an_epoch(tmp_path, packed, text, publish, kind, n_rows):
    exposure = Exposure.of(publish(tmp_path / "model", packed, **KINDS[kind]), packed, text)

    (readings,) = exposure.readings([1])

    whole_epochs, rest = divmod(exposure.n_steps * exposure.batch_size, n_rows)
    epochs = [reading.epoch for reading in readings]
    assert epochs == list(range(1, len(epochs) + 1))
    assert whole_epochs <= len(epochs) <= whole_epochs + (rest > 0)


def test_in_a_mixture_there_is_no_epoch_of_all(tmp_path, packed, text, publish):
    model = publish(tmp_path / "model", packed, mixture={"a": 1.0})
    first, second = Exposure.of(model, packed, text).readings([0, 1])

    assert {reading.epoch for reading in first} == {None}
    assert second == []


def test_a_document_that_was_not_packed_is_known_as_such(exposure):
    assert exposure.place_of("b", 2) == 5
    assert exposure.place_of("b", 3) is None


def test_a_model_of_other_code_says_nothing(tmp_path, exposure, packed, text):
    manifest = Manifest.read(tmp_path / "model", "model.pretrain")
    changed = {**vars(manifest), "code": {"src/alm/data": "0" * 64}}
    del changed["files"], changed["kind"]
    Manifest.write(tmp_path / "model", "model.pretrain", **changed)

    with pytest.raises(IntegrityError, match="another version of src/alm/data"):
        Exposure.of(tmp_path / "model", packed, text)


def test_a_model_of_other_parameters_says_nothing(tmp_path, packed, text, publish):
    with pytest.raises(IntegrityError, match="expected the data section of this version"):
        Exposure.of(publish(tmp_path / "model", packed, rows="whole"), packed, text)


def test_a_model_of_other_tokens_says_nothing(exposure, tmp_path, documents, text, pack_train):
    other = pack_train(tmp_path / "other", documents, [[1, 5]] * len(LENGTHS), text)

    with pytest.raises(IntegrityError, match="was trained on other tokens"):
        Exposure.of(tmp_path / "model", other, text)


def test_tokens_of_other_text_say_nothing(exposure, tmp_path, documents, fill_corpus):
    text = fill_corpus(tmp_path / "other", train=documents[1:])

    with pytest.raises(IntegrityError, match="was packed from other text"):
        Exposure.of(tmp_path / "model", tmp_path / "packed", text)


def test_steps_are_spelt_by_epoch():
    readings = [Reading(1, 5), Reading(1, 1200), Reading(2, 2000), Reading(2, 2000)]

    assert spell_readings("x", readings) == "by x, epoch 1: steps 5, 1,200; epoch 2: step 2,000"


def test_steps_without_epochs_stand_alone():
    assert spell_readings("x", [Reading(None, 5), Reading(None, 9)]) == "by x, steps 5, 9"


def test_what_was_never_read_is_told():
    assert spell_readings("x", []) == "never by x: training ended before its turn"


def test_many_steps_and_many_epochs_are_summed_up():
    readings = [Reading(e, 10 * e + s) for e in range(1, 8) for s in range(9)]

    assert spell_readings("x", readings) == (
        "by x, epoch 1: 9 steps from 10 to 18; epoch 2: 9 steps from 20 to 28; epoch 3: 9 steps "
        "from 30 to 38; epoch 4: 9 steps from 40 to 48; and 3 epochs more, up to step 78"
    )

"""A directory comes back as the model that it was made of; whatever else it is, is refused."""

import json
import shutil

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from alm.checkpoint import load_model, read_spec
from alm.errors import InputError
from alm.export import import_model
from alm.export.reference import Reference
from alm.export.source import Source
from alm.quant import quantize_model
from alm.tokenizer import Tokenizer


@pytest.fixture
def take(tmp_path):
    def take(directory):
        import_model(directory, tmp_path / "model", tmp_path / "tokenizer")
        return load_model(tmp_path / "model", "cpu")

    return take


@pytest.fixture
def copy(exported_of, tmp_path):
    return lambda shape="mixture": shutil.copytree(
        exported_of(shape).huggingface, tmp_path / "copy"
    )


@pytest.fixture
def change(copy):
    """Copy the directory with other tensors."""

    def change(edit, shape="mixture"):
        directory = copy(shape)
        tensors = load_file(directory / "model.safetensors")
        edit(tensors)
        save_file(tensors, directory / "model.safetensors")
        return directory

    return change


def test_every_kind_of_network_comes_back(exported_of, take, rows, tmp_path, shape_of_directory):
    exported = exported_of(shape_of_directory)
    before = load_model(exported.source.paths["model"], "cpu")

    after = take(exported.huggingface)

    ids = rows[0].tolist()
    assert (Reference(after).logits(ids) == Reference(before).logits(ids)).all()
    spec = read_spec(tmp_path / "model")
    assert (spec.n_vocab, spec.seq_len) == (before.n_vocab, exported.source.spec.seq_len)
    assert Tokenizer.load(tmp_path / "tokenizer").sha256 == spec.tokenizer_sha256


def test_an_imported_model_can_be_trained_on_from_the_same_bytes(exported_of, take):
    before = load_model(exported_of().source.paths["model"], "cpu").state_dict()

    for name, tensor in take(exported_of().huggingface).state_dict().items():
        assert torch.equal(tensor, before[name][: len(tensor)]), name


@pytest.mark.parametrize("shape", ["mixture, tied", "dense", "softmax mixture"])
def test_what_transformers_saved_comes_back_too(copy, take, rows, tmp_path, shape):
    directory, saved = copy(shape), tmp_path / "saved"
    theirs = transformers.AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32)
    theirs.save_pretrained(saved, max_shard_size="200KB")
    shutil.copy(directory / "tokenizer.model", saved)
    assert len(list(saved.glob("*.safetensors"))) > 1
    ids = rows[0].tolist()

    with torch.no_grad():
        expected = theirs(torch.tensor([ids])).logits[0].numpy()

    assert abs(Reference(take(saved)).logits(ids) - expected).max() < 1e-4


def test_bfloat16_weights_become_float32(change, take, tmp_path):
    def halve(tensors):
        tensors.update({name: each.bfloat16() for name, each in tensors.items()})

    take(change(halve))

    stored = load_file(tmp_path / "model" / "model.safetensors")
    assert {tensor.dtype for tensor in stored.values()} == {torch.float32}


@pytest.mark.parametrize("name", ["pytorch_model.bin", "consolidated.00.pt", "x.ckpt"])
def test_a_pickle_is_refused_by_name(copy, take, tmp_path, name):
    directory = copy()
    (directory / name).write_bytes(b"")

    with pytest.raises(InputError, match=f"found {name}, which could run code"):
        take(directory)
    assert not (tmp_path / "model").exists()


ROUTER = "model.layers.1.mlp.gate.weight"


def drop(name):
    return lambda tensors: tensors.pop(name)


def put(name, value):
    return lambda tensors: tensors.update({name: value})


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (drop(ROUTER), f"found 1 missing: {ROUTER}"),
        (drop("lm_head.weight"), "found 1 missing: lm_head.weight"),
        (put("model.layers.1.mlp.bias", torch.ones(2)), "1 unknown: model.layers.1.mlp.bias"),
        (put(ROUTER, torch.ones(4, 63)), r"router.weight: expected .*\(4, 64\), found \(4, 63\)"),
        (put(ROUTER, torch.full((4, 64), torch.nan)), "router.weight: expected finite weights"),
        (put(ROUTER, torch.ones(4, 64, dtype=torch.int32)), "router.weight: .* of torch.int32"),
    ],
)
def test_a_tensor_that_does_not_fit_is_named(change, take, tmp_path, edit, message):
    with pytest.raises(InputError, match=message):
        take(change(edit))
    assert not (tmp_path / "model").exists()


def test_a_tied_network_needs_no_copy_of_its_embedding(change, take):
    take(change(drop("lm_head.weight"), "mixture, tied"))


def test_a_table_of_angles_is_no_weight(change, take):
    take(change(put("model.layers.0.self_attn.rotary_emb.inv_freq", torch.ones(8))))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("config.json", r"cannot read .*config\.json"),
        ("tokenizer.model", r"cannot read .*tokenizer\.model"),
        ("model.safetensors", r"expected \*\.safetensors"),
    ],
)
def test_an_absent_file_is_named(copy, take, name, message):
    directory = copy()
    (directory / name).unlink()

    with pytest.raises(InputError, match=message):
        take(directory)


def test_a_tensor_in_two_files_is_named(copy, take):
    directory = copy()
    shutil.copy(directory / "model.safetensors", directory / "more.safetensors")

    with pytest.raises(InputError, match=r"more\.safetensors: expected each tensor once"):
        take(directory)


def test_a_file_that_is_no_safetensors_is_named(copy, take):
    directory = copy()
    (directory / "model.safetensors").write_bytes(b"PK")

    with pytest.raises(InputError, match=r"model\.safetensors: expected a safetensors file"):
        take(directory)


def test_a_link_to_nowhere_in_place_of_weights_is_named(copy, take):
    directory = copy()
    (directory / "model.safetensors").unlink()
    (directory / "model.safetensors").symlink_to("nowhere")

    with pytest.raises(InputError, match=r"model\.safetensors: expected a safetensors file"):
        take(directory)


@pytest.mark.parametrize("text", ["{", "[]", "\ud800"])
def test_a_config_that_is_no_mapping_is_refused(copy, take, text):
    directory = copy()
    (directory / "config.json").write_bytes(text.encode("utf-8", "surrogatepass"))

    with pytest.raises(InputError, match=r"config\.json: expected "):
        take(directory)


def test_a_vocabulary_of_another_size_is_refused(copy, take):
    directory = copy()
    config = json.loads((directory / "config.json").read_text())
    (directory / "config.json").write_text(json.dumps(config | {"vocab_size": 500}))

    with pytest.raises(InputError, match="expected vocab_size 384.*found 500"):
        take(directory)


def test_a_directory_that_is_not_there_is_named(take, tmp_path):
    with pytest.raises(InputError, match="expected a directory .*nowhere"):
        take(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["model", "tokenizer"])
def test_what_no_import_wrote_is_not_removed(copy, take, tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name / "thesis.txt").write_text("years of work")

    with pytest.raises(InputError, match=f"expected nothing at .*{name}, or what was written"):
        take(copy())

    assert (tmp_path / name / "thesis.txt").read_text() == "years of work"


def test_a_former_import_is_replaced(copy, take):
    directory = copy()
    take(directory)

    assert take(directory).n_vocab == 384


def test_an_import_can_be_exported_again(exported_of, take, tmp_path):
    exported = exported_of()
    take(exported.huggingface)
    quantize_model(tmp_path / "model", tmp_path / "int8", {})
    imported = {"model": "model", "int8": "int8", "tokenizer": "tokenizer"}

    paths = exported.source.paths | {key: tmp_path / name for key, name in imported.items()}

    assert Source.read("again", paths).spec.model.vocab_size == 384

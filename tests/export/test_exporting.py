"""export_model: all files or none, and a manifest that says who agrees."""

import pytest

from alm.errors import IntegrityError
from alm.export import export_model, exporting, gate
from alm.export.parity import Bounds
from alm.io import Manifest

pytestmark = pytest.mark.usefixtures("llama_cpp")
FILES = [
    *("gguf/small-F16.gguf", "gguf/small-F32.gguf", "gguf/small-Q8_0.gguf"),
    *("huggingface/README.md", "huggingface/config.json", "huggingface/generation_config.json"),
    *("huggingface/model.safetensors", "huggingface/tokenizer.json"),
    *("huggingface/tokenizer.model", "huggingface/tokenizer_config.json"),
]


@pytest.fixture
def export(paths_of, rows, tmp_path):
    def export(name="out", shape="mixture"):
        return export_model("small", paths_of(shape), rows, tmp_path / name, {"src/x": "ab" * 32})

    return export


def test_files_and_manifest_are_there_and_the_same_each_time(export, tmp_path, source_of):
    exported, again = export(), export("again")
    manifest = Manifest.read(tmp_path / "out", "model.export")

    manifest.verify(tmp_path / "out")
    assert sorted(manifest.files) == FILES
    assert manifest.inputs == source_of().inputs
    assert manifest.facts == exported.facts == again.facts
    assert manifest.facts["targets"] == ["transformers", "mlx", "llama_cpp"]
    assert manifest.facts["gate"]["agrees"] == [
        *("llama.cpp F16", "llama.cpp F32", "llama.cpp Q8_0", "transformers")
    ]
    assert manifest.sha256 == Manifest.read(tmp_path / "again", "model.export").sha256
    assert {"gguf", "transformers", "xllamacpp"} <= manifest.libraries.keys()
    assert "predictions" not in str(manifest.facts)
    assert str(exported.parities["transformers"]).startswith("max |delta log p| ")


def test_nothing_is_published_where_a_tool_disagrees(export, tmp_path, monkeypatch):
    monkeypatch.setitem(gate.BOUNDS, gate.Format.Q8_0, Bounds(max_kl=1e-9))

    with pytest.raises(IntegrityError, match=r"llama\.cpp with small-Q8_0\.gguf to predict"):
        export()
    assert not (tmp_path / "out").exists()


def test_only_what_a_target_reads_is_written(publish, rows, tmp_path):
    for targets, first in [((), []), (("mlx",), ["huggingface"]), (("llama_cpp",), ["gguf"])]:
        root = tmp_path / "-".join(["for", *targets])
        paths = publish(root, targets=targets)

        exported = export_model("small", paths, rows[:2], root / "out", {})

        written = sorted(path.name for path in (root / "out").iterdir())
        assert written == [*first, "manifest.json"]
        assert exported.facts["targets"] == [*targets]
        assert len(exported.facts["gate"]["agrees"]) == {"gguf": 3, "huggingface": 1}.get(
            "".join(first), 0
        )


def test_files_that_nobody_read_are_named(export, monkeypatch):
    for module in (gate, exporting):
        monkeypatch.setattr(module, "has_llama_cpp", lambda: False)

    said = export().tell()

    assert "so nothing has read the GGUF files" in said
    assert "transformers: max" in said

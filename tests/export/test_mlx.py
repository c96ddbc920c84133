"""mlx-lm computes what transformers does, from the same directory. Its extra is `alm[mlx]`."""

import importlib.util

import numpy as np
import pytest

from alm.export.transformers_peer import TransformersPeer

from .conftest import names_for


@pytest.fixture(scope="module")
def load_mlx():
    """Skip where mlx-lm is not installed; in CI a skipped test is a failed one."""
    if importlib.util.find_spec("mlx_lm") is None:
        pytest.skip("mlx-lm is not installed; it is the extra mlx")
    from mlx_lm import load

    return load


@pytest.mark.filterwarnings("default")  # mlx-lm's own
@pytest.mark.parametrize("shape", names_for("mlx"))
def test_logits_are_those_of_transformers(load_mlx, exported_of, rows, shape):
    import mlx.core as mx

    directory, ours = exported_of(shape).huggingface, exported_of(shape).source.tokenizer
    ids = rows[1][:40].tolist()
    model, tokenizer = load_mlx(str(directory))

    found = np.array(model(mx.array([ids])).astype(mx.float32))[0]

    assert abs(found - TransformersPeer.load(directory).logits(ids)).max() <= 1e-4
    assert tokenizer.eos_token_ids == {2, 8}
    assert tokenizer.encode("a <|user|>") == [1, *ours.encode("a <|user|>")]

"""measure_compression: bytes per token of each source, and a document that is lost is named."""

from types import SimpleNamespace

import pytest

from alm.errors import IntegrityError
from alm.tokenizer import measure_compression


def document(source, text, name="d"):
    return SimpleNamespace(id=name, source=source, text=text)


def test_bytes_per_token_by_source(tokenizer):
    a, b = "the sea gives", "€" * 4
    given = [document("prose", a), document("signs", b), document("prose", a)]

    found = measure_compression(given, tokenizer)

    assert found["round_trips"] == 3
    assert found["bytes_per_token"] == {
        "prose": pytest.approx(len(a) / len(tokenizer.encode(a)), rel=1e-5),
        "signs": pytest.approx(12 / len(tokenizer.encode(b))),
    }


def test_document_that_does_not_come_back_is_named(tokenizer):
    class Lossy:
        encode_many = tokenizer.encode_many

        def decode_bytes(self, ids):
            return tokenizer.decode_bytes(ids).strip()

    with pytest.raises(IntegrityError, match="document 'x7' of prose"):
        measure_compression([document("prose", "a"), document("prose", " a", "x7")], Lossy())


def test_empty_document_divides_by_nothing(tokenizer):
    assert measure_compression([document("s", "")], tokenizer)["bytes_per_token"] == {"s": 0.0}

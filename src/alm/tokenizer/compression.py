"""How well a vocabulary fits text it was not learnt from: bytes per token, and nothing lost."""

from collections.abc import Iterable
from typing import Any

from alm.errors import IntegrityError
from alm.io import rounded
from alm.tokenizer.encoding import Document, encode_documents
from alm.tokenizer.tokenizer import Tokenizer


def measure_compression(documents: Iterable[Document], tokenizer: Tokenizer) -> dict[str, Any]:
    """Encode and decode every document; return bytes per token by source, and how many passed.

    Tokens are those of the text alone, without BOS and EOS.

    Raises:
        IntegrityError: a document did not come back as it was; the message names it.
    """
    totals: dict[str, list[int]] = {}
    n_docs = 0
    for document, ids in encode_documents(documents, tokenizer):
        data = tokenizer.decode_bytes(ids)
        if data != document.text.encode("utf-8"):
            raise IntegrityError(
                f"document {document.id!r} of {document.source} does not survive the tokenizer; "
                "this is a defect of alm or SentencePiece, so report it with the document"
            )
        total = totals.setdefault(document.source, [0, 0])
        total[0] += len(data)
        total[1] += len(ids)
        n_docs += 1
    ratios = {name: n_bytes / max(n, 1) for name, (n_bytes, n) in sorted(totals.items())}
    return {"bytes_per_token": rounded(ratios), "round_trips": n_docs}

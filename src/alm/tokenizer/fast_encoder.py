"""The ids that SentencePiece gives, several times as fast.

Text says the same words again and again. It is cut where the vocabulary allows it
(:mod:`alm.tokenizer.cuts`), every distinct segment is encoded by SentencePiece once, and ids are
gathered by look-up. There are two levels: words come first, because there are fewer of them; a word
that is new is cut wherever it can be, and only what is new then goes to SentencePiece.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from sentencepiece import SentencePieceProcessor

from alm.tokenizer.cuts import find_cuts, keep_words, why_uncuttable
from alm.tokenizer.model_proto import read_pieces, read_settings
from alm.tokenizer.segments import BytesEncoder, PlainEncoder, SegmentEncoder

MAX_WORDS = 2**19  # remembered: 36 MB when full
MAX_PARTS = 2**17  # of words: 8 MB
MAX_LONG_PARTS = 2**12  # 2 MB


class FastEncoder:
    """Encode texts to exactly the ids of ``SentencePieceProcessor.encode``.

    A model whose text cannot be cut, such as a unigram model, goes to SentencePiece itself.
    It remembers what it has encoded, and is for one thread at a time.

    Args:
        model: a serialised SentencePiece model, of alm or of anyone.

    Raises:
        IntegrityError: the bytes are no such model.
    """

    def __init__(self, model: bytes) -> None:
        pieces = read_pieces(model)
        self.plain_because = why_uncuttable(pieces, read_settings(model))
        """Why it is no faster than SentencePiece; None where it is."""
        self._cuts = find_cuts(pieces)
        self._processor = SentencePieceProcessor(model_proto=model)
        self.forget()

    def forget(self) -> None:
        """Forget every segment, so that the next text is encoded as the first one was."""
        self._encoder: BytesEncoder = PlainEncoder(self._processor)
        if self.plain_because is None:
            new = PlainEncoder(self._processor, MAX_LONG_PARTS)
            parts = SegmentEncoder(self._cuts, new, MAX_PARTS)
            self._encoder = SegmentEncoder(keep_words(self._cuts), parts, MAX_WORDS)

    def encode_many(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Return the ids of each text as uint32."""
        encoded = [text.encode("utf-8") for text in texts]
        lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
        ids, counts = self._encoder.encode(np.frombuffer(b"".join(encoded), np.uint8), lengths)
        ends = np.cumsum(counts).tolist()
        return [ids[start:end] for start, end in pairwise([0, *ends])]

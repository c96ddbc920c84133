"""Text to token ids: alm, sentencepiece, tokenizers and tiktoken on one vocabulary, one thread."""

from documents import count_megabytes
from race import Race, Runner, count_equal
from sentencepiece import SentencePieceProcessor
from vocabulary import RankedVocabulary, to_tokenizers

from alm.tokenizer import Tokenizer


def race_encoding(texts: list[str], model: bytes) -> Race:
    """Encode texts; every result is compared with SentencePiece's ids.

    Cold, alm has seen none of the text and builds its tables within the time; warm, it has encoded
    the same text before. The peers keep what they have learnt from turn to turn.
    """
    tokenizer = Tokenizer(model)
    expected = [ids.tolist() for ids in tokenizer.encode_plain(texts)]
    theirs = SentencePieceProcessor(model_proto=model)
    made, ranked = to_tokenizers(tokenizer.pieces), RankedVocabulary(tokenizer.pieces)

    def cold() -> list:
        tokenizer.fast_encoder.forget()
        return tokenizer.encode_many(texts)

    def check(found: list) -> str:
        return count_equal([list(map(int, ids)) for ids in found], expected)

    runners = [
        Runner("alm, cold", cold, check, is_ours=True),
        Runner("alm, warm", lambda: tokenizer.encode_many(texts), check, is_ours=True),
        Runner("sentencepiece, one by one", lambda: [theirs.encode(t) for t in texts], check),
        Runner("sentencepiece, batch", lambda: theirs.encode(texts, num_threads=1), check),
        Runner(
            "tokenizers, `encode_batch_fast`",
            lambda: made.encode_batch_fast(texts),
            lambda found: check([each.ids for each in found]),
        ),
        Runner(
            "tiktoken, one by one",
            lambda: [ranked.encoding.encode_ordinary(text) for text in texts],
            lambda found: check([ranked.to_ids(ranks) for ranks in found]),
        ),
    ]
    return Race("encoding", count_megabytes(texts), "MB", runners)

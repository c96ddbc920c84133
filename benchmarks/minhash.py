"""Near-duplicate signatures: alm, datasketch and rensa, with shingling and without."""

import re
from collections.abc import Iterator

import numpy as np
from datasketch import MinHash
from documents import count_megabytes
from race import Race, Runner
from rensa import RMinHash

from alm.corpus.minhash import make_permutations, sign_shingles
from alm.corpus.shingles import Shingles, shingle_texts

N_PERMUTATIONS = 128
N_WORDS = 5
SEED = 1
WORD = re.compile(rb"[0-9a-z_\x80-\xff]+")  # as alm has it: in bytes, ASCII in lower case


def race_shingling(texts: list[str]) -> Race:
    """Make shingles alone: alm's hashes, and byte strings as a user of the peers makes them."""
    encoded = [text.encode("utf-8") for text in texts]

    def check(found: list[list[bytes]]) -> str:
        counts = shingle_texts(encoded, N_WORDS).counts.tolist()
        equal = sum(len(one) == n for one, n in zip(found, counts, strict=True))
        return f"{equal:,} of {len(counts):,} texts have as many"

    runners = [
        Runner("alm", lambda: shingle_texts(encoded, N_WORDS), is_ours=True),
        Runner("Python, words by `re`", lambda: list(_spell_shingles(texts)), check),
    ]
    return Race("shingling", count_megabytes(texts), "MB", runners)


def race_sketching(texts: list[str]) -> Race:
    """Sign the same shingle hashes; datasketch's signatures must be ours to the bit."""
    shingles = shingle_texts((text.encode("utf-8") for text in texts), N_WORDS)
    permutations = make_permutations(N_PERMUTATIONS)
    ours = sign_shingles(shingles, permutations)
    edges = np.concatenate([[0], np.cumsum(shingles.counts)])
    hashes = _split(shingles)

    def check(found: list[MinHash]) -> str:
        equal = (np.array([each.hashvalues for each in found]) == ours).all(axis=1)
        return f"{equal.sum():,} of {len(equal):,} signatures equal"

    runners = [
        Runner("alm", lambda: sign_shingles(shingles, permutations), is_ours=True),
        Runner("datasketch, `update` loop", lambda: _update(hashes, int), check),
        Runner("datasketch, `MinHash.bulk`", lambda: _bulk(hashes, int), check),
        Runner(
            "rensa, from hashes",
            lambda: RMinHash.digest_matrix_from_flat_token_hashes(
                shingles.hashes, edges, N_PERMUTATIONS, SEED
            ),
            lambda _: "another scheme",
        ),
    ]
    return Race("sketching", count_megabytes(texts), "MB", runners)


def race_both(texts: list[str]) -> Race:
    """Go from text to signature, each as its users do."""
    permutations = make_permutations(N_PERMUTATIONS)

    def ours() -> np.ndarray:
        encoded = (text.encode("utf-8") for text in texts)
        return sign_shingles(shingle_texts(encoded, N_WORDS), permutations)

    runners = [
        Runner("alm", ours, is_ours=True),
        Runner("datasketch, `update` loop", lambda: _update(_spell_shingles(texts))),
        Runner("datasketch, `MinHash.bulk`", lambda: _bulk(_spell_shingles(texts))),
        Runner(
            "rensa, from byte strings",
            lambda: RMinHash.digests_from_token_sets(_spell_shingles(texts), N_PERMUTATIONS, SEED),
        ),
    ]
    return Race("MinHash with shingling", count_megabytes(texts), "MB", runners)


def _spell_shingles(texts: list[str]) -> Iterator[list[bytes]]:
    """Yield the shingles of each text as byte strings, those of a short text as alm has them."""
    for text in texts:
        words = WORD.findall(text.encode("utf-8").lower())
        last = max(len(words) - N_WORDS, 0) if words else -1
        yield [b" ".join(words[i : i + N_WORDS]) for i in range(last + 1)]


def _split(shingles: Shingles) -> list[list[int]]:
    """Return the top 32 bits of each text's hashes, which is what both sign."""
    top = (shingles.hashes >> np.uint64(32)).astype(np.int64)
    return [part.tolist() for part in np.split(top, np.cumsum(shingles.counts)[:-1])]


def _update(sets: Iterator[list] | list[list], *hashfunc: type) -> list[MinHash]:
    made = []
    for each in sets:
        made.append(MinHash(N_PERMUTATIONS, SEED, **_options(hashfunc)))
        for value in each:
            made[-1].update(value)
    return made


def _bulk(sets: Iterator[list] | list[list], *hashfunc: type) -> list[MinHash]:
    return MinHash.bulk(sets, num_perm=N_PERMUTATIONS, seed=SEED, **_options(hashfunc))


def _options(hashfunc: tuple[type, ...]) -> dict:
    return {"hashfunc": hashfunc[0]} if hashfunc else {}

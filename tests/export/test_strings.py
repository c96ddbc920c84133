from alm.export.strings import N_STRINGS, _Chances, probe_strings
from alm.io import sha256_bytes


def test_strings_are_many_different_and_the_same_each_time(tokenizer):
    strings = probe_strings(tokenizer.pieces)

    assert len(strings) == len(set(strings)) == N_STRINGS
    assert strings == probe_strings(tokenizer.pieces)


def test_they_hold_what_tokenizers_stumble_over(tokenizer):
    everything = "|".join(probe_strings(tokenizer.pieces))

    hostile = ["\r\n", "\0", "\u2581", "😀", " " * 64, "<|user|>", "<s>", "<0x0A>", "\ufeff"]
    assert [text for text in hostile if text not in everything] == []


def test_every_one_is_text_and_comes_back(tokenizer):
    for text in probe_strings(tokenizer.pieces):
        assert tokenizer.decode(tokenizer.encode(text)) == text


def test_random_ones_depend_on_no_version_and_no_machine():
    drawn = [_Chances(0).below(2**32), *(_Chances(1).below(2**32) for _ in range(2))]
    assert sha256_bytes(repr(drawn).encode())[:12] == "8a2a04e65ec5"

"""Several completions at a time, one token of each in turn."""

from collections.abc import Iterable, Iterator
from itertools import islice

from alm.infer.decoder import Network
from alm.infer.generation import Generation


def advance_all(
    network: Network, generations: Iterable[Generation], n_slots: int
) -> Iterator[tuple[int, Generation, str]]:
    """Continue ``n_slots`` generations side by side, the next as soon as one has ended.

    Yields:
        The number of a generation, itself, and a piece of its text; also, with what may be an empty
        piece, when it has ended.
    """
    waiting = enumerate(generations)
    active = dict(islice(waiting, n_slots))
    while active:
        _read_newest(network, list(active.values()))
        for number, generation in list(active.items()):
            piece = generation.advance()
            if generation.finish_reason:
                del active[number]
            if piece or generation.finish_reason:
                yield number, generation, piece
        active.update(islice(waiting, n_slots - len(active)))


def _read_newest(network: Network, generations: list[Generation]) -> None:
    """Let each generation know what follows its newest token."""
    behind = [each for each in generations if each.draft.unread]
    if not behind:
        return
    decoders = [each.draft.decoder for each in behind]
    tokens = [each.draft.ids[-1] for each in behind]
    for each, logits_V in zip(behind, network.step(decoders, tokens), strict=True):
        each.receive(logits_V)

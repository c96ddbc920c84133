"""Read a packed corpus from end to end and say whether it is what it was."""

from pathlib import Path

from alm.data.counting import count_split
from alm.data.stream import TokenStream, read_packed_manifest
from alm.errors import ShardError
from alm.io import Manifest


def verify_packed(packed: Path) -> Manifest:
    """Compare every byte with its digests, and every count of the manifest with the shards.

    Raises:
        IntegrityError: something differs; the message names the file, and in a shard the field or
            the bytes.
    """
    manifest = read_packed_manifest(packed)
    for split in manifest.facts["splits"]:
        _verify_split(TokenStream(packed, split))
    manifest.verify(packed)
    return manifest


def _verify_split(stream: TokenStream) -> None:
    for shard in stream.shards:
        shard.verify()
    facts = stream.manifest.facts["splits"][stream.split]
    counted = count_split(stream.documents(), stream.source_names)
    for name, found in counted.items():
        if found != (expected := facts.get(name)):
            raise ShardError(
                f"{stream.packed}: expected {name} {expected} in {stream.split}, found {found}; "
                "pack the corpus again"
            )

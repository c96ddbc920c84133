"""The pack stage: documents become token shards.

Stands without the corpus and the tokenizer, which are handed in, and apart from ``alm.data``, so
that training depends on nothing but the tokens.
"""

from alm.packing.packing import Packing

__all__ = ["Packing"]

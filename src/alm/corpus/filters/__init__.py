"""Measure texts and judge them: rules, a byte model, passages of evaluation files, addresses."""

from alm.corpus.filters.decontamination import Passages, find_files, read_texts
from alm.corpus.filters.features import BUFFER_BYTES, FEATURES, measure
from alm.corpus.filters.perplexity import ONE_BIT, ByteModel, find_cut
from alm.corpus.filters.pii import mask
from alm.corpus.filters.rules import Breach, Rule, judge, list_rules

__all__ = [
    "BUFFER_BYTES",
    "FEATURES",
    "ONE_BIT",
    "Breach",
    "ByteModel",
    "Passages",
    "Rule",
    "find_cut",
    "find_files",
    "judge",
    "list_rules",
    "mask",
    "measure",
    "read_texts",
]

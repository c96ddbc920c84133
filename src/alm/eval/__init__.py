"""What a network is worth on text it has not seen, beside what simpler models make of it."""

from alm.eval.bits_per_byte import RULE, Score, bits_per_byte, score_documents
from alm.eval.comparison import DocumentCosts, compare_costs, compare_models
from alm.eval.evaluation import evaluate, headline
from alm.eval.held_out import HeldOut
from alm.eval.ngram import Counts, KneserNey

__all__ = [
    "RULE",
    "Counts",
    "DocumentCosts",
    "HeldOut",
    "KneserNey",
    "Score",
    "bits_per_byte",
    "compare_costs",
    "compare_models",
    "evaluate",
    "headline",
    "score_documents",
]

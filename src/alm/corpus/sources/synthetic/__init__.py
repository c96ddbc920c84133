"""Text from a generator that knows the truth about it: stories, sums, and facts to recall."""

from alm.corpus.sources.synthetic.reader import TASKS, SyntheticReader, Truth

__all__ = ["TASKS", "SyntheticReader", "Truth"]

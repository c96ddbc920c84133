"""Work that is cut by data, done in any number of processes, and merged in order.

The bytes of a result depend on neither how many processes there were, nor on which of them were
killed on the way. It stands without the corpus: tokenizing and packing are cut the same way.
"""

from alm.work.command import add_task_options, perform
from alm.work.pool import count_workers, run_step
from alm.work.step import Part, Step
from alm.work.tasks import Share, merge_tasks, run_task
from alm.work.unit import UNIT_BYTES, Unit, cut_lines

__all__ = [
    "UNIT_BYTES",
    "Part",
    "Share",
    "Step",
    "Unit",
    "add_task_options",
    "count_workers",
    "cut_lines",
    "merge_tasks",
    "perform",
    "run_step",
    "run_task",
]

"""Run the scripts of all text stages in one process, on units that a test's text fills."""

import runpy
import sys

import alm.work.unit
from alm.corpus.sources.synthetic import reader

SCRIPTS, UNIT_BYTES = sys.argv[1], int(sys.argv[2])
STAGES = {
    "ingest": ["--input", "data/own"],
    "normalize": ["--ingested", "build/ingest"],
    "dedup": ["--normalized", "build/normalize"],
    "filter": ["--documents", "build/dedup", "--evaluation", "data/evaluation"],
    "tokenizer": ["--documents", "build/filter"],
    "pack": ["--documents", "build/filter", "--tokenizer", "build/tokenizer"],
}


def run(stage, options):
    sys.argv = [stage, "--corpus", "own", *options, "--out", f"build/{stage}"]
    try:
        runpy.run_path(f"{SCRIPTS}/{stage}.py", run_name="__main__")
    except SystemExit as end:
        if end.code:
            raise


if __name__ == "__main__":
    alm.work.unit.UNIT_BYTES = UNIT_BYTES
    reader.SPAN_DOCS = 40
    for stage, options in STAGES.items():
        run(stage, options)

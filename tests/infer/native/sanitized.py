"""Read every shape with a library that checks each access and each operation; a program of its own.

The first argument is a directory for the library, the rest are flags.
"""

import sys
from pathlib import Path

from conftest import SHAPES, make_config, make_decoder, make_model, random_ids

from alm.infer.native import Library, compile_library

CHECKS = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")

library = Library(compile_library(Path(sys.argv[1]), (*sys.argv[2:], *CHECKS)))
for name in SHAPES:
    made = make_model(make_config(name))
    for n_threads in (1, 3):
        decoder = make_decoder(made, library, n_threads)
        caches = [decoder.new_cache(150) for _ in range(2)]
        decoder.score(random_ids(150), caches[0])
        decoder.prefill(random_ids(70), caches[1])
        caches[0].truncate(15)
        for i in random_ids(30):
            decoder.step([i, i], caches)
        del decoder
sys.stdout.write(f"{len(SHAPES)} shapes read\n")

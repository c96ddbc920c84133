"""Let llama.cpp continue prompts greedily, in a process of its own: JSON in, lists of ids out."""

import json
import os
import sys
from contextlib import closing
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "src/alm/export"))


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what llama.cpp prints is no answer
    import llama_cpp_server as ours
    import xllamacpp

    request = json.load(sys.stdin)
    server = xllamacpp.Server(ours._parameters(request))
    asked = {"n_predict": request["n_new"], "temperature": 0, "top_k": 1, "ignore_eos": True}
    asked |= {"cache_prompt": False, "return_tokens": True}
    with closing(ours._connect(server)) as connection:
        said = [
            ours._post(connection, "/completion", {**asked, "prompt": prompt})["tokens"]
            for prompt in request["prompts"]
        ]
    json.dump(said, answers)


main()

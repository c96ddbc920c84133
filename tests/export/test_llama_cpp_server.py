"""What is sent to the process goes in on one side, and nothing but the answer comes out."""

import json
import subprocess
import sys

import pytest

from alm.export.gguf import Format
from alm.export.llama_cpp_peer import SERVER


@pytest.mark.usefixtures("llama_cpp")
def test_standard_output_holds_the_answer_alone(exported_of, tokenizer):
    request = {"path": str(exported_of().ggufs[Format.F32]), "threads": 1, "context": 256}
    request |= {"texts": ["a"], "prompts": [[1]], "n_vocab": tokenizer.vocab_size, "ascii": 36}

    done = subprocess.run(
        [sys.executable, "-P", str(SERVER)],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=True,
    )

    answer = json.loads(done.stdout)
    assert answer.keys() == {"ids", "logprobs"}
    assert answer["ids"] == [[1, *tokenizer.encode("a")]]
    assert None not in answer["logprobs"][0]

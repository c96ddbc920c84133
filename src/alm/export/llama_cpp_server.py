"""Run llama.cpp on a GGUF file, in a process of its own: what it cannot take may abort it.

It is started by its path and imports nothing of alm. A request comes as JSON on standard input, the
answer goes as JSON to standard output; whatever llama.cpp itself prints goes to standard error.
"""

import json
import os
import sys
import urllib.parse
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection
from typing import Any

import xllamacpp

PATIENCE = 600  # seconds for one answer


def serve(request: dict[str, Any]) -> dict[str, Any]:
    """Answer a request: ids of texts (BOS first), and what follows each prompt.

    Args:
        request: ``path`` of the file, ``threads``, ``context`` in tokens, ``texts``, ``prompts``
            (lists of ids), ``n_vocab``, and the id of an ``ascii`` token.
    """
    server = xllamacpp.Server(_parameters(request))
    with closing(_connect(server)) as connection:
        return {
            "ids": [_tokenize(connection, text) for text in request["texts"]],
            "logprobs": [_predict(connection, prompt, request) for prompt in request["prompts"]],
        }


def _connect(server: xllamacpp.Server) -> HTTPConnection:
    """Open one connection for every question: hundreds would use up the machine's ports."""
    address = urllib.parse.urlsplit(server.listening_address)
    return HTTPConnection(address.hostname, address.port, timeout=PATIENCE)


def _parameters(request: dict[str, Any]) -> xllamacpp.CommonParams:
    """Ask for float32 throughout: by default keys and values are float16."""
    parameters = xllamacpp.CommonParams()
    parameters.model.path = request["path"]
    parameters.n_ctx = request["context"]
    parameters.n_parallel = 1
    parameters.n_gpu_layers = 0
    parameters.cpuparams.n_threads = request["threads"]
    parameters.cpuparams_batch.n_threads = request["threads"]
    parameters.cache_type_k = parameters.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    parameters.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    parameters.cache_ram_mib = 0
    parameters.warmup = False
    parameters.verbosity = -1
    return parameters


def _tokenize(connection: HTTPConnection, text: str) -> list[int]:
    body = {"content": text, "add_special": True, "parse_special": False}
    return _post(connection, "/tokenize", body)["tokens"]


def _predict(
    connection: HTTPConnection, prompt: list[int], request: dict[str, Any]
) -> list[float | None]:
    """Return the log-probability of every token behind a prompt; None where none is given.

    They are those before the bias. The bias makes sure that the token taken is whole as UTF-8:
    behind half a character the server leaves the probabilities out.
    """
    body = {
        "prompt": prompt,
        "n_predict": 1,
        "n_probs": request["n_vocab"],
        "temperature": 0,
        "top_k": 1,
        "cache_prompt": False,
        "ignore_eos": True,
        "logit_bias": [[request["ascii"], 1000.0]],
    }
    found: list[float | None] = [None] * request["n_vocab"]
    for each in _post(connection, "/completion", body)["completion_probabilities"][0][
        "top_logprobs"
    ]:
        found[each["id"]] = each["logprob"]
    return found


def _post(connection: HTTPConnection, path: str, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"}
    connection.request("POST", path, json.dumps(body).encode("utf-8"), headers)
    response = connection.getresponse()
    answer = response.read()
    if response.status != HTTPStatus.OK:
        sys.exit(f"{path}: {answer.decode('utf-8', 'replace')}")
    return json.loads(answer)


if __name__ == "__main__":
    answer_to = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    answer = json.dumps(serve(json.load(sys.stdin))).encode("utf-8")
    with os.fdopen(answer_to, "wb") as file:
        file.write(answer)

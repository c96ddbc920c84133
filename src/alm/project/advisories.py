"""Known advisories about pinned packages, asked of OSV: one request, and none where no network is.

OSV (osv.dev) gathers what GitHub, the Python packaging authority and others publish. It is told the
names and versions in ``constraints.txt``, and nothing else of this machine.

Reference:
    OSV, "POST /v1/querybatch": results come in the order of the queries, as identifiers only.
"""

import json
from http.client import HTTPException
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from alm.errors import AlmError
from alm.io import parse_json

URL = "https://api.osv.dev/v1/querybatch"
ECOSYSTEM = "PyPI"
PATIENCE = 20.0  # seconds
LONGEST_ANSWER = 1 << 24  # bytes


def ask_advisories(pins: dict[str, str]) -> dict[str, list[str]]:
    """Return package -> identifiers of the advisories about its pinned version, where there are.

    Raises:
        AlmError: OSV could not be asked, or its answer is none; the message says which.
    """
    queries = [
        {"package": {"name": name, "ecosystem": ECOSYSTEM}, "version": version}
        for name, version in sorted(pins.items())
    ]
    body = json.dumps({"queries": queries}).encode()
    return _read_answer(_post(body), sorted(pins))


def _post(body: bytes) -> str:
    request = Request(URL, body, {"Content-Type": "application/json"})
    try:
        with urlopen(request, timeout=PATIENCE) as answer:
            return answer.read(LONGEST_ANSWER).decode("utf-8")
    except (URLError, OSError, HTTPException, ValueError) as error:
        raise AlmError(f"could not ask {URL}: {getattr(error, 'reason', error)}") from None


def _read_answer(text: str, names: list[str]) -> dict[str, list[str]]:
    try:
        results = parse_json(text)["results"]
        found = {
            name: _identifiers(result)
            for name, result in zip(names, results, strict=True)
            if result
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        raise AlmError(f"could not ask {URL}: its answer is none, {text[:60]!r}") from None
    return {name: each for name, each in found.items() if each}


def _identifiers(result: dict[str, Any]) -> list[str]:
    """Return the identifiers of one result; of a long list OSV gives the first thousand."""
    return sorted(str(each["id"]) for each in result.get("vulns", ()))

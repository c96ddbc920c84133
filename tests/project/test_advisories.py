"""Advisories, asked of a server of the test's own that speaks as OSV does."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from alm.errors import AlmError
from alm.project.advisories import ask_advisories


class Answers(BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers["Content-Length"])
        self.server.asked.append((self.path, json.loads(self.rfile.read(length))))
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        server.asked, server.status, server.answer = [], 200, b""
        monkeypatch.setattr("alm.project.advisories.URL", _url(server.server_port))
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _url(port):
    return f"http://127.0.0.1:{port}/v1/querybatch"


def test_one_request_names_every_package_and_its_version(server):
    server.answer = b'{"results": [{}, {}]}'

    assert ask_advisories({"b": "2", "a": "1.0"}) == {}

    query = {"package": {"name": "a", "ecosystem": "PyPI"}, "version": "1.0"}
    ((path, body),) = server.asked
    assert path == "/v1/querybatch"
    assert [each["version"] for each in body["queries"]] == ["1.0", "2"]
    assert body["queries"][0] == query


def test_what_is_known_is_told_by_package(server):
    vulns = [{"id": "PYSEC-2", "modified": "x"}, {"id": "GHSA-1"}]
    server.answer = json.dumps({"results": [{}, {"vulns": vulns}, {"vulns": []}]}).encode()

    assert ask_advisories({"a": "1", "b": "1", "c": "1"}) == {"b": ["GHSA-1", "PYSEC-2"]}


@pytest.mark.parametrize(
    "answer",
    [b"", b"<html>", b"[]", b"{}", b'{"results": []}', b'{"results": [1]}', b"\xff"]
    + [b'{"results": [{"vulns": [{}]}]}', b'{"results": [{"vulns": 1}]}', b'{"results": null}'],
)
def test_an_answer_that_is_none_is_told(server, answer):
    server.answer = answer

    with pytest.raises(AlmError, match="could not ask http"):
        ask_advisories({"a": "1"})


def test_a_server_that_refuses_is_told(server):
    server.status = 503

    with pytest.raises(AlmError, match="could not ask http.*: Service Unavailable"):
        ask_advisories({"a": "1"})


def test_no_network_is_told(monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setattr("alm.project.advisories.URL", _url(unused.getsockname()[1]))

        with pytest.raises(AlmError, match="could not ask http.*: .*refused"):
            ask_advisories({"a": "1"})

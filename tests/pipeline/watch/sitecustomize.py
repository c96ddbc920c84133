"""Note what a stage opens, runs and connects to, and which parameters it looks at.

Python imports a module of this name at its start, before any code of ours. It does nothing unless
``WATCH_FOLDER`` says where to write, and watches scripts of ours and the processes they start.
"""

import importlib.abc
import importlib.util
import json
import os
import sys

FOLDER, STAGE = "WATCH_FOLDER", "WATCH_STAGE"
PARAMS = {"alm.config.params": "Params", "alm.config.corpus_params": "CorpusParams"}
OPENED = {"open", "os.listdir", "os.scandir"}
PROGRAMS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "pty.spawn"}
SOCKETS = {f"socket.{call}" for call in ("connect", "bind", "sendto", "sendmsg")}
NAMES = {f"socket.{call}" for call in ("getaddrinfo", "gethostbyname", "gethostbyaddr")}
OTHER = PROGRAMS | SOCKETS | NAMES
WRITES = os.O_WRONLY | os.O_RDWR


def start():
    script = next((each for each in sys.orig_argv if each.startswith("scripts/")), None)
    if script:
        words = sys.orig_argv
        key = next(words[i + 1] for i, w in enumerate(words) if w in ("--preset", "--corpus"))
        os.environ[STAGE] = f"{script.removeprefix('scripts/').removesuffix('.py')}@{key}"
    if STAGE in os.environ:
        watch(f"{os.environ[FOLDER]}/{os.environ[STAGE]}.{os.getpid()}.jsonl")


def watch(path):
    log, seen = open(path, "a", encoding="utf-8", buffering=1), set()  # noqa: PTH123, SIM115

    def note(*entry):
        if entry not in seen:
            seen.add(entry)
            log.write(json.dumps(entry) + "\n")

    def hook(event, arguments):
        if event in OPENED and isinstance(arguments[0], str | bytes | os.PathLike):
            where = os.path.abspath(os.fsdecode(arguments[0]))  # noqa: PTH100
            flags = arguments[2] if event == "open" else 0
            note("write" if (flags or 0) & WRITES else "read", where)
        elif event == "import" and arguments[0].startswith("alm."):
            note("import", arguments[0])
        elif event in OTHER:
            note("other", f"{event} {arguments!r:.120}")

    sys.meta_path.insert(0, ParamsFinder(note))
    sys.addaudithook(hook)


class ParamsFinder(importlib.abc.MetaPathFinder):
    """Has the trees of parameters tell which of their sections are asked for."""

    def __init__(self, note):
        self.note = note

    def find_spec(self, name, path, target=None):
        if name not in PARAMS:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        sys.meta_path.insert(0, self)
        execute = spec.loader.exec_module

        def execute_and_wrap(module):
            execute(module)
            self.wrap(getattr(module, PARAMS[name]))

        spec.loader.exec_module = execute_and_wrap
        return spec

    def wrap(self, tree):
        inner, sections = tree.__getattribute__, {*tree.SECTIONS, "seed"}

        def outer(params, name):
            asker = sys._getframe(1).f_globals.get("__name__", "")
            if name in sections and not asker.startswith(("alm.config", "pydantic")):
                self.note("param", name)
            return inner(params, name)

        tree.__getattribute__ = outer


if FOLDER in os.environ:
    start()

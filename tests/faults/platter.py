"""A model of a disk, and of what lies on it after a power cut.

Calls that change the disk are recorded on a tape, and played to the model, which says what may be
there after each: of names and bytes that were synced, all; of the others, any. This is how LevelDB
tests itself (``fault_injection_test.cc``).
"""

import os
from dataclasses import dataclass, field


@dataclass(eq=False)
class File:
    durable: bytes = b""
    data: bytes = b""

    def after_power_cut(self, chance):
        """Bytes that were not synced are there, or zeros, or cut off somewhere."""
        kept = chance.choice((len(self.durable), len(self.data)))
        kept = chance.choice((kept, chance.randint(0, len(self.data))))
        kept = max(kept, min(len(self.durable), len(self.data)))
        if self.data == self.durable:
            return self.data
        return chance.choice((self.data[:kept], self.data[:kept].ljust(len(self.data), b"\0")))


@dataclass(eq=False)
class Folder:
    durable: dict = field(default_factory=dict)
    entries: dict = field(default_factory=dict)
    pending: list = field(default_factory=list)

    def change(self, **names):
        """Give names to nodes, at the same instant; a node of None has its name taken away."""
        change = [(name, self.entries.get(name), node) for name, node in names.items()]
        self.pending.append(change)
        make(change, self.entries)

    def after_power_cut(self, chance):
        """Each change that was not synced is there or is not, whatever became of the others."""
        entries, share = dict(self.durable), chance.choice((0.0, 0.5, 1.0))
        for change in self.pending:
            if chance.random() < share:
                make(change, entries)
        return {name: node.after_power_cut(chance) for name, node in sorted(entries.items())}


def make(change, entries):
    for name, former, node in change:
        if node is not None:
            entries[name] = node
        elif entries.get(name) is former:  # another may have the name, if a change is not there
            entries.pop(name, None)


class Disk:
    """What lies below a root, as the system shows it and as the disk has it."""

    def __init__(self, root):
        self._root = root
        self._folder = Folder()

    def at(self, path):
        node = self._folder
        for name in path.relative_to(self._root).parts:
            node = node.entries[name]
        return node

    def do(self, name, *arguments):
        getattr(self, name)(*arguments)

    def make(self, path, kind):
        self.at(path.parent).change(**{path.name: kind()})

    def write(self, path, data):
        self.at(path).data += data

    def sync(self, path):
        node = self.at(path)
        if isinstance(node, File):
            node.durable = node.data
        else:
            node.durable, node.pending = dict(node.entries), []

    def rename(self, source, target):
        """All of ours stay in their folder."""
        self.at(source.parent).change(**{source.name: None, target.name: self.at(source)})

    def exchange(self, first, second):
        here = self.at(first.parent)
        here.change(**{first.name: self.at(second), second.name: self.at(first)})

    def remove(self, path):
        self.at(path.parent).change(**{path.name: None})

    def reported(self, step):
        """Nothing happens on the disk: somebody was told that it was written."""

    def after_power_cut(self, chance):
        """Return one of the trees that may be left: name -> bytes or tree."""
        return self._folder.after_power_cut(chance)


class Tape:
    """Makes calls and writes them down, as events that ``Disk`` does."""

    def __init__(self):
        self.events = []
        self._paths = {}

    def __call__(self, name, call, arguments):
        event = self._describe(name, *arguments)
        result = None if name == "sync" else call(*arguments)
        if name == "open_file":
            self._paths[result] = arguments[0]
        elif name == "write":
            event = ("write", event[1], bytes(arguments[1][:result]))
        if event:
            self.events.append(event)
        return result

    def _describe(self, name, *arguments):
        if name == "open_file":
            path, flags = arguments
            is_new = flags & os.O_CREAT and not path.exists()
            return ("make", path, File) if is_new else None
        if name in {"write", "sync"}:
            return name, self._paths[arguments[0]]
        if name == "make_directory":
            return "make", arguments[0], Folder
        if name in {"unlink", "remove_directory"}:
            return ("remove", arguments[0]) if os.path.lexists(arguments[0]) else None
        return (name, *arguments) if name in {"rename", "exchange"} else None


def lay_out(root, tree):
    """Put a tree into a fresh folder of a real disk."""
    root.mkdir(parents=True)
    for name, each in tree.items():
        if isinstance(each, bytes):
            (root / name).write_bytes(each)
        else:
            lay_out(root / name, each)


def without_sync_of(is_such):
    """Make a way to drop each sync of some paths from a tape."""
    return lambda events: [e for e in events if not (e[0] == "sync" and is_such(e[1]))]

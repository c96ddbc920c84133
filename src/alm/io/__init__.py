"""Files that are whole or absent, and say what they are. The only package that writes.

Whatever alm leaves on disk goes through here: written under another name, synced, renamed, synced
again, so that a reader finds the old file or the new one, also after a power cut. Within it every
call that changes the disk goes through ``calls``.
"""

from alm.io.atomic import new_directory, new_file, restore_replaced, write_bytes, write_text
from alm.io.digest import sha256_bytes, sha256_file, sha256_tree
from alm.io.disk import (
    discard,
    explain_read,
    make_directories,
    remove_tree,
    rename,
    sync_directory,
)
from alm.io.ignored import is_ignored
from alm.io.lock import announce_stop, hold_lock
from alm.io.manifest import FileEntry, Manifest
from alm.io.removal import clear_trash, remove_directory, tree_bytes
from alm.io.replacement import require_replaceable
from alm.io.room import free_bytes, require_writable
from alm.io.strict_json import canonical_json, parse_json, read_json, rounded, write_json

__all__ = [
    "FileEntry",
    "Manifest",
    "announce_stop",
    "canonical_json",
    "clear_trash",
    "discard",
    "explain_read",
    "free_bytes",
    "hold_lock",
    "is_ignored",
    "make_directories",
    "new_directory",
    "new_file",
    "parse_json",
    "read_json",
    "remove_directory",
    "remove_tree",
    "rename",
    "require_replaceable",
    "require_writable",
    "restore_replaced",
    "rounded",
    "sha256_bytes",
    "sha256_file",
    "sha256_tree",
    "sync_directory",
    "tree_bytes",
    "write_bytes",
    "write_json",
    "write_text",
]

"""Files that are whole or absent, and say what they are. The only package that writes.

Whatever alm leaves on disk goes through here: written under another name, synced, renamed, synced
again, so that a reader finds the old file or the new one, also after a power cut.
"""

from alm.io.atomic import new_directory, new_file, sync_directory, write_bytes, write_text
from alm.io.digest import sha256_bytes, sha256_file, sha256_tree
from alm.io.ignored import is_ignored
from alm.io.lock import announce_stop, hold_lock
from alm.io.manifest import FileEntry, Manifest
from alm.io.removal import clear_trash, remove_directory, tree_bytes
from alm.io.strict_json import canonical_json, parse_json, read_json, rounded, write_json

__all__ = [
    "FileEntry",
    "Manifest",
    "announce_stop",
    "canonical_json",
    "clear_trash",
    "hold_lock",
    "is_ignored",
    "new_directory",
    "new_file",
    "parse_json",
    "read_json",
    "remove_directory",
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

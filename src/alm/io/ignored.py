"""Names that are nobody's work: caches, and what editors, file browsers and Git leave behind."""

import re
from fnmatch import translate
from pathlib import PurePath

IGNORED = (  # as in .dvcignore, so that DVC and we see the same files
    "*.egg-info",
    "*.pyc",
    "*.swp",
    "*~",
    ".DS_Store",
    ".dvc",
    ".git",
    ".hg",
    ".idea",
    ".vscode",
    "__pycache__",
)
_PATTERN = re.compile("|".join(map(translate, IGNORED)))


def is_ignored(name: PurePath) -> bool:
    """Whether a path below some folder, or a folder on the way to it, has such a name."""
    return any(_PATTERN.match(part) for part in name.parts)

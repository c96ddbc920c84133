"""``manifest.json``: what lies in a directory, and what it was made from.

One schema for every directory alm writes. It holds no clock, host, user, path outside the
directory or count of workers, so equal content has equal manifests; its own digest stands in it.
"""

from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Self

from alm.errors import IntegrityError
from alm.io.digest import sha256_bytes, sha256_file
from alm.io.disk import explain_read
from alm.io.ignored import is_ignored
from alm.io.strict_json import canonical_json, read_json, write_json

NAME = "manifest.json"
FORMAT = "alm-manifest"
VERSION = 1
SHOWN = 3  # unlisted files that are named
FIELDS = {"format", "version", "kind", "files", "params", "inputs", "code", "libraries", "facts"}


@dataclass(frozen=True, kw_only=True)
class FileEntry:
    """One file of the directory."""

    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The facts about one directory.

    ``code`` is filled for what leaves the house (a model). A corpus leaves it empty on purpose:
    ``dvc.lock`` has the code's hashes, and a comment changed in the text stages must not make the
    same text look new to training.
    """

    kind: str
    """What the directory is, such as ``corpus.ingest``."""
    files: dict[str, FileEntry]
    params: dict[str, Any]
    """The sections that made it."""
    inputs: dict[str, str]
    """Name -> SHA-256 of each input (of its manifest, where it has one)."""
    code: dict[str, str]
    """Path -> SHA-256 of each source tree that made it."""
    libraries: dict[str, str]
    """Versions of the libraries whose results are in the bytes."""
    facts: dict[str, Any]
    """Counts and other findings of the stage."""

    @classmethod
    def write(  # noqa: PLR0913
        cls,
        root: Path,
        kind: str,
        *,
        params: dict[str, Any],
        inputs: dict[str, str],
        facts: dict[str, Any],
        code: dict[str, str] | None = None,
        libraries: dict[str, str] | None = None,
    ) -> Self:
        """Describe every file below ``root`` and write the description there, last of all.

        Raises:
            IntegrityError: there is no such directory; it is not made, since it would be empty.
        """
        if not root.is_dir():
            raise IntegrityError(
                f"expected the directory that is to be described at {root}, found none; something "
                "removed it, so run the same command again"
            )
        files = {name: _entry(root / name) for name in _list_files(root)}
        manifest = cls(
            kind=kind,
            files=files,
            params=params,
            inputs=inputs,
            code=code or {},
            libraries=libraries or {},
            facts=facts,
        )
        write_json(root / NAME, {**manifest._body(), "sha256": manifest.sha256})
        return manifest

    @classmethod
    def read(cls, root: Path, kind: str | None) -> Self:
        """Read the manifest of ``root`` and check it against its own digest; None takes any kind.

        Raises:
            IntegrityError: it is absent, damaged, of another version, or of another kind.
        """
        path = root / NAME
        if path.is_symlink():
            raise IntegrityError(f"{path}: expected a file, found a link; build it again")
        body = read_json(path)
        if not isinstance(body, dict):
            raise IntegrityError(f"{path}: expected the keys of a manifest; build it again")
        found = body.get("format"), body.get("version")
        if (
            found != (FORMAT, VERSION) or type(found[1]) is not int
        ):  # True equals 1, and so does 1.0
            raise IntegrityError(
                f"{path}: expected {FORMAT} {VERSION}, found {found[0]} {found[1]}; build it again "
                "with this version of alm"
            )
        if set(body) != FIELDS | {"sha256"}:
            raise IntegrityError(f"{path}: expected the keys of a manifest; build it again")
        if (digest := body.pop("sha256")) is None or digest != _digest(body):
            raise IntegrityError(f"{path} was changed after it was written; build it again")
        if kind is not None and body["kind"] != kind:
            raise IntegrityError(
                f"{path}: expected a {kind}, found a {body['kind']}; name the directory of a {kind}"
            )
        return cls._from_body(body, path)

    @property
    def sha256(self) -> str:
        """Digest of everything the manifest says, and so of the directory."""
        return sha256_bytes(canonical_json(self._body()).encode("utf-8"))

    def verify(self, root: Path) -> None:
        """Read every listed file, and see that there is no other.

        Raises:
            IntegrityError: a file is absent, of another size, of other content, or not listed; the
                message names it.
            AlmError: a file may be sound, but cannot be read just now.
        """
        for name, expected in self.files.items():
            path = root / name
            if (found := _read_entry(path)) is None:
                raise IntegrityError(f"{path} is listed in {NAME} but absent; build it again")
            if found != expected:
                raise IntegrityError(
                    f"{path}: expected {expected.bytes} bytes with SHA-256 {expected.sha256[:12]}, "
                    f"found {found.bytes} with {found.sha256[:12]}; build it again"
                )
        if extra := [name for name in _list_files(root) if name not in self.files]:
            raise IntegrityError(
                f"{root}: expected the {len(self.files)} files that {NAME} lists, found "
                f"{len(extra)} more: {', '.join(extra[:SHOWN])}; move them, or build it again"
            )

    def _body(self) -> dict[str, Any]:
        return {"format": FORMAT, "version": VERSION, **asdict(self)}

    @classmethod
    def _from_body(cls, body: dict[str, Any], path: Path) -> Self:
        fields = {key: value for key, value in body.items() if key not in {"format", "version"}}
        files = fields.pop("files")
        if not isinstance(files, dict) or not all(_is_sound(*item) for item in files.items()):
            raise IntegrityError(f"{path}: its list of files is malformed; build it again")
        if bad := [key for key in sorted(fields) if not _fits(key, fields[key])]:
            raise IntegrityError(f"{path}: its {bad[0]} is malformed; build it again")
        return cls(files={name: FileEntry(**entry) for name, entry in files.items()}, **fields)


def _digest(body: dict[str, Any]) -> str | None:
    """Return the digest of a body; None where no manifest of ours could hold it."""
    try:
        return sha256_bytes(canonical_json(body).encode("utf-8"))
    except (ValueError, RecursionError):  # half a character; nested to the limit
        return None


def _is_sound(name: str, entry: Any) -> bool:  # noqa: ANN401
    """Whether this is an entry as we write it, for a file that lies inside the directory."""
    path = PurePosixPath(name)
    return (
        isinstance(entry, dict)
        and {key: type(value) for key, value in entry.items()} == {"bytes": int, "sha256": str}
        and not path.is_absolute()
        and ".." not in path.parts
    )


def _fits(key: str, value: Any) -> bool:  # noqa: ANN401
    """Whether a field other than ``files`` has the type that is declared above."""
    if key == "kind" or not isinstance(value, dict):
        return key == "kind" and isinstance(value, str)
    return key in {"params", "facts"} or all(isinstance(each, str) for each in value.values())


def _list_files(root: Path) -> list[str]:
    """Return the names of files below ``root`` that a manifest lists; links are seen too."""
    paths = sorted(root.rglob("*"))
    names = [path.relative_to(root) for path in paths if path.is_file() or path.is_symlink()]
    return sorted(
        name.as_posix() for name in names if name.as_posix() != NAME and not is_ignored(name)
    )


def _read_entry(path: Path) -> FileEntry | None:
    """Return what lies at ``path``; None where that is no file, or a link to one."""
    try:
        return _entry(path) if path.is_file() and not path.is_symlink() else None
    except OSError as error:
        raise explain_read(path, error) from None


def _entry(path: Path) -> FileEntry:
    return FileEntry(bytes=path.stat().st_size, sha256=sha256_file(path))

"""Continue the states of a former run although something has changed since: by request, and marked.

What comes of it is a hybrid: part of its training was done by other code, parameters or text than
its manifest's digests say. So the mark goes along with the state, into the model and its metrics.
"""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from alm.checkpoint.fingerprint import Fingerprint
from alm.checkpoint.published import CONFIG, ModelSpec, read_spec
from alm.checkpoint.states import damaged_states, load_state, whole_states
from alm.errors import CheckpointError, IntegrityError
from alm.io import new_directory, read_json, remove_tree, write_bytes, write_json

NAME = "adopted.json"


@dataclass(frozen=True, kw_only=True)
class Adoption:
    """One change of hands."""

    run: str
    """Name of the run that was continued."""
    step: int
    """Steps that were trained before."""
    changed: list[str]
    """Components of the fingerprint that are others now."""


def adopt_state(
    source: Path, target: Path, fingerprint: Fingerprint, spec: ModelSpec, n_steps: int
) -> Adoption:
    """Copy the newest state of the run ``source`` into ``target``, which goes on from there.

    Args:
        source: directory of a former run, such as ``.state/pico/0123456789ab``.
        target: directory of the run of today; held by the caller.
        fingerprint: of today's run.
        spec: the network that it trains.
        n_steps: that it has.

    Raises:
        CheckpointError: there is no such run; it has no whole state, another network, or more steps
            behind it; or today's run has states of its own.
    """
    former = _read_spec(source, target)
    if own := whole_states(target):
        raise CheckpointError(
            f"expected a run that has saved nothing yet, found {own[-1].name} in {target}, which "
            "goes on by itself; remove that directory, and no other, to adopt a state in its place"
        )
    if (former.model, former.tokenizer_sha256) != (spec.model, spec.tokenizer_sha256):
        raise CheckpointError(
            f"expected the state of a network of this shape and tokenizer, found another in "
            f"{source}; only weights that fit can be continued"
        )
    state = _newest(source)
    step = load_state(state).step
    if step > n_steps:
        raise CheckpointError(
            f"expected a state of at most the {n_steps} steps that this run has, found one of "
            f"{step} in {source}; raise train.tokens, or adopt another run"
        )
    changed = fingerprint.changes_since(Fingerprint.read(source))
    adoption = Adoption(run=source.name, step=step, changed=changed)
    line = [*read_adoptions(source), asdict(adoption)]
    write_json(target / NAME, line)  # before the state: a state without its mark must never be
    with new_directory(target / state.name) as directory:
        for path in sorted(state.iterdir()):
            write_bytes(directory / path.name, path.read_bytes())
    load_state(target / state.name)
    return adoption


def read_adoptions(run: Path) -> list[dict[str, Any]]:
    """Return every change of hands of a run's states, the first one first; mostly there is none.

    Raises:
        IntegrityError: the file that tells of them is damaged.
    """
    if not os.path.lexists(run / NAME):
        return []
    adoptions = read_json(run / NAME)
    if not isinstance(adoptions, list) or not all(map(_is_adoption, adoptions)):
        raise IntegrityError(
            f"{run / NAME}: expected a list of runs that were gone on with, found "
            f"{adoptions!r:.40}; adopt the former run again"
        )
    return adoptions


def forget_adoptions(run: Path) -> None:
    """Take the mark of a change of hands away where none of a run's states is left to bear it."""
    if not (whole_states(run) or damaged_states(run)):
        remove_tree(run / NAME)


def _is_adoption(value: Any) -> bool:  # noqa: ANN401
    kinds = {"run": str, "step": int, "changed": list}
    return (
        isinstance(value, dict)
        and {key: type(each) for key, each in value.items()} == kinds
        and all(isinstance(name, str) for name in value["changed"])
    )


def _read_spec(source: Path, target: Path) -> ModelSpec:
    if source.resolve() == target.resolve():
        raise CheckpointError(
            f"expected a former run, found today's own, {target}; it needs no adoption, and goes "
            "on by itself"
        )
    if not (source / CONFIG).is_file():
        known = [path.parent for path in sorted(target.parent.glob(f"*/{CONFIG}"))]
        names = ", ".join(str(path) for path in known if path.name != target.name)
        raise CheckpointError(
            f"expected the directory of a former run, found none at {source}; "
            + (f"choose from: {names}" if names else f"{target.parent} has none")
        )
    return read_spec(source)


def _newest(source: Path) -> Path:
    """Return the newest state of a run that verifies."""
    for state in reversed(whole_states(source)):
        try:
            load_state(state)
        except IntegrityError:
            continue
        return state
    raise CheckpointError(f"expected a saved state in {source}, found none that is whole")

"""Named tensors in a safetensors file: no pickle, and equal tensors give equal bytes."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from alm.errors import IntegrityError
from alm.io import explain_read, write_bytes


def write_tensors(path: Path, tensors: dict[str, Tensor]) -> None:
    """Write tensors by name, from whatever device they are on.

    The file has no metadata: safetensors writes several keys of it in no fixed order.
    """
    # Tied weights share memory, which the format refuses to guess about: each name gets its own.
    write_bytes(path, save({name: t.detach().cpu().contiguous() for name, t in tensors.items()}))


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read every tensor of a file onto the CPU.

    Raises:
        IntegrityError: the file is absent or no safetensors file.
        AlmError: it may be sound, but cannot be read just now.
    """
    try:
        return load(path.read_bytes())
    except OSError as error:
        raise explain_read(path, error) from None
    except SafetensorError as error:
        raise IntegrityError(f"{path} is damaged: {error}; build it again") from None

"""Read the policy packs that are installed beside the code, or in a folder of the operator's."""

from pathlib import Path

import policies
from policies.pack import PolicyPack, read_pack

INSTALLED = Path(policies.__file__).parent / "packs"


def load_pack(name: str, folder: Path = INSTALLED) -> PolicyPack:
    """The pack `name` under `folder`. Raises `policies.errors.PackFault`."""
    texts = {
        pack.name: {file.name: file.read_text("utf-8") for file in pack.glob("*.yaml")}
        for pack in sorted(folder.iterdir())
        if pack.is_dir()
    }
    return read_pack(name, texts)

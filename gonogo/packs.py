"""Policy packs: read from folders, kept in the database by digest while a case pins them."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

import policies
from gonogo.db.session import reading, writing
from gonogo.db.tables import PackRow
from policies.errors import PackFault
from policies.pack import PolicyPack, pack_of, read_pack

INSTALLED = Path(policies.__file__).parent / "packs"


def load_pack(name: str, folder: Path | None = None) -> PolicyPack:
    """The pack `name` under `folder`, beside the installed ones. Raises `PackFault`."""
    texts = {
        pack.name: {file.name: file.read_text("utf-8") for file in pack.glob("*.yaml")}
        for root in (INSTALLED, folder)
        if root is not None
        for pack in sorted(root.iterdir())
        if pack.is_dir()
    }
    return read_pack(name, texts)


class PackStore:
    """Packs by digest. A pack never changes, so what was read once is kept."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[str, PolicyPack] = {}

    def __call__(self, digest: str) -> PolicyPack:
        """The pack of `digest`. Raises `PackFault` when this installation never saw it."""
        if digest not in self._known:
            with reading(self._engine) as session:
                row = session.get(PackRow, digest)
            if row is None:
                raise PackFault(f"no policy pack with digest {digest[:12]}… is known here")
            self._known[digest] = pack_of(row.value)
        return self._known[digest]

    def install(self, pack: PolicyPack) -> None:
        """Keep `pack` so that cases may pin it."""
        with writing(self._engine) as session:
            if session.get(PackRow, pack.digest) is None:
                session.add(
                    PackRow(
                        digest=pack.digest,
                        name=pack.name,
                        first_seen_at=datetime.now(UTC),
                        value=pack.model_dump(mode="json", exclude={"digest"}),
                    )
                )
        self._known[pack.digest] = pack

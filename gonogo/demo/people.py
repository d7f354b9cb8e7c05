"""Who plays: two publishers, reviewers, a product lead, safety on call. Made once per folder."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from gonogo.db.identity import Identity

LUMEN, BRICK = "pub_lumen", "pub_brickyard"
# id, name, roles, publishers
CAST = (
    ("per_ada", "Ada Obi (developer)", ("developer",), (LUMEN,)),
    ("per_ben", "Ben Sato (developer)", ("developer",), (BRICK,)),
    ("per_rui", "Rui Alves (reviewer)", ("reviewer",), ()),
    ("per_sena", "Sena Kaya (senior reviewer)", ("senior_reviewer",), ()),
    # Develops for Lumen and reviews for the store: must never decide about Lumen's GPTs.
    ("per_tom", "Tom Both (developer and reviewer)", ("developer", "reviewer"), (LUMEN,)),
    ("per_lea", "Lea Moreau (product lead)", ("product_lead",), ()),
    ("per_sol", "Sol Nyberg (safety on call)", ("safety_oncall",), ()),
)


@dataclass(frozen=True)
class Cast:
    """Tokens by person id, and the run that Idempotency-Keys belong to."""

    run: str
    tokens: dict[str, str]


def ensure_cast(identity: Identity, folder: Path) -> Cast:
    """Make people and tokens, or read those of the last start, so that the story goes on."""
    kept = folder / "demo-cast.json"
    if kept.exists():
        return Cast(**json.loads(kept.read_text("utf-8")))
    identity.ensure_store("Demonstration store")
    identity.add_publisher("Lumen Learning", verified=True, publisher=LUMEN)
    identity.add_publisher("Brickyard Tools", verified=True, publisher=BRICK)
    for person, name, roles, publishers in CAST:
        identity.add_person(name, roles, publishers, person)
    identity.adopt_publishers()
    cast = Cast(secrets.token_hex(4), {p: identity.issue_token(p, "demo") for p, *_ in CAST})
    draft = kept.with_suffix(".new")
    draft.touch(mode=0o600)  # tokens: for the owner of this folder alone
    draft.write_text(json.dumps({"run": cast.run, "tokens": cast.tokens}), "utf-8")
    draft.replace(kept)
    return cast

"""Take a bundle in: which GPT it belongs to, its bytes into the object store, its listing text."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlmodel import select

from gonogo.db.session import reading, writing
from gonogo.db.tables import GptRow, RevisionRow, SubmissionPicture
from gonogo.ids import new_id
from gonogo.objects import Objects
from policies.bundle.parts import Bundle


@dataclass(frozen=True)
class Upload:
    gpt: str
    digest: str
    open_submission: str | None  # the case this digest is a new round of
    expired_submission: str | None  # the newest case of the GPT, if it expired


def take_in(
    engine: Engine, objects: Objects, store: str, publisher: str, bundle: Bundle, gpt: str | None
) -> Upload:
    """Store `bundle` for `publisher`; without `gpt`, the GPT of that publisher by that name.

    Raises `LookupError` when `gpt` is not a GPT of this publisher. Storing the same again changes
    nothing.
    """
    digest = objects.put_bundle(bundle)
    manifest, now = bundle.manifest, datetime.now(UTC)
    with writing(engine) as session:
        rows = select(GptRow).where(GptRow.store_id == store, GptRow.publisher == publisher)
        rows = rows.where(GptRow.id == gpt) if gpt else rows.where(GptRow.name == manifest.name)
        row = session.exec(rows).first()
        if row is None:
            if gpt:
                raise LookupError(f"there is no GPT {gpt} of this publisher")
            row = GptRow(
                store_id=store,
                id=new_id("gpt"),
                publisher=publisher,
                name=manifest.name,
                category=manifest.category,
                created_at=now,
            )
            session.add(row)
            session.flush()
        if session.get(RevisionRow, (store, row.id, digest)) is None:
            session.add(
                RevisionRow(
                    store_id=store,
                    gpt=row.id,
                    digest=digest,
                    name=manifest.name,
                    description=manifest.description,
                    category=manifest.category,
                    starters=list(manifest.starters),
                    created_at=now,
                )
            )
        gpt_id = row.id
    with reading(engine) as session:
        newest = session.exec(
            select(SubmissionPicture)
            .where(SubmissionPicture.store_id == store, SubmissionPicture.gpt == gpt_id)
            .order_by(SubmissionPicture.opened_at.desc())  # type: ignore[attr-defined]  # a column
            .limit(1)
        ).first()
    is_open = newest is not None and newest.is_open
    expired = newest is not None and newest.stage == "expired"
    return Upload(
        gpt_id,
        digest,
        newest.id if newest and is_open else None,
        newest.id if newest and expired else None,
    )

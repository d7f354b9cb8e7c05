"""Who owns a GPT, by its row and by the record: the row is drawn, and is read at every turn."""

from collections.abc import Iterator

from sqlmodel import Session, col, select

from gonogo.db.tables import GptRow, SubmissionPicture
from gonogo.db.transfers import ACCEPTED, TransferPicture
from policies.audit.chain import Fault


def owner_faults(session: Session, store: str) -> Iterator[Fault]:
    """GPTs whose row names another owner than the record: who accepted it last, else who submitted
    it. What was uploaded and never submitted, no event knows. Pictures are verified by themselves.
    """
    accepted = select(TransferPicture.gpt, TransferPicture.receiver).where(
        TransferPicture.store_id == store, TransferPicture.step == ACCEPTED
    )
    owners = dict(session.exec(accepted.order_by(col(TransferPicture.id))).all())
    rows = session.exec(
        select(GptRow.id, GptRow.publisher, SubmissionPicture.publisher)
        .outerjoin(
            SubmissionPicture,
            (col(SubmissionPicture.store_id) == GptRow.store_id)
            & (col(SubmissionPicture.gpt) == GptRow.id),
        )
        .where(GptRow.store_id == store)
        .distinct()
        .order_by(col(GptRow.id))
        .execution_options(yield_per=500)
    )
    told: str | None = None
    for gpt, named, submitted in rows:
        owner = owners.get(gpt, submitted)
        if owner is not None and owner != named and gpt != told:
            told = gpt
            yield Fault(gpt, 0, f"its row names {named} as owner, the record {owner}", "owner")

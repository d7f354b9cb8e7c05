"""Receipts: who was told what of a subject, when, through which channel, and how it went."""

from typing import Any

from fastapi import APIRouter

from api.deps import PageSize, SubjectId, Svc
from api.errors import Problem
from api.schema import READ
from api.subjects import Staff
from gonogo.db import queries
from gonogo.notices.outlook import Outlook
from policies.lifecycle.kernel import iso
from policies.rules.notice_facts import facts_from

router = APIRouter(prefix="/v1/receipts", tags=["inbox"])


@router.get("/{subject}", responses=READ)
def list_receipts(
    svc: Svc, who: Staff, subject: SubjectId, limit: PageSize = queries.MOST
) -> dict[str, Any]:
    """The newest first; for staff, and not about their own publisher. Addresses are not shown."""
    found = Outlook(svc.engine, svc.store).receipts(subject, limit=limit)
    if any(facts_from(notice.facts).publisher in who.publishers for _, notice in found):
        raise Problem("not-found", f"there is nothing about {subject} that you may see")
    return {
        "items": [
            {
                "delivery": row.id,
                "position": row.position,
                "type": notice.type,
                "notice": notice.notice,
                "channel": row.channel,
                "recipient": row.recipient,
                "state": row.state,
                "receipt": row.receipt,
                "at": iso(row.created_at),
                "finished_at": iso(row.finished_at) if row.finished_at else None,
                "read_at": iso(row.read_at) if row.read_at else None,
            }
            for row, notice in found
        ]
    }

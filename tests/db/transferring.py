"""Two publishers and a GPT that changes hands between them, for tests."""

from typing import Any

from sqlmodel import select

from gonogo.db.session import reading, writing
from gonogo.db.tables import GptRow, ListingPicture
from policies.lifecycle.kernel import Actor
from policies.wire import RecordAnswer
from tests.builders import LEA, RUI, STORE, T0
from tests.db.desk import Desk
from tests.db.test_limits import code
from tests.policies.publishers import publisher_body
from tests.policies.states import SYS
from tests.policies.test_transfer_machine import OFFER

GIVING = "pub_one"
RECEIVING = "pub_two"
GIVER = Actor("per_giver", ("developer",), (GIVING,))
TAKER = Actor("per_taker", ("developer",), (RECEIVING,))


def founded(desk: Desk, publisher: str, owner: Actor) -> None:
    desk.give("found", publisher, owner, publisher_body("found", name="prose:n", limit=9))
    desk.give("attest", publisher, LEA, publisher_body("attest"))


def two(desk: Desk, number: int = 1, *, listed: bool = True) -> None:
    """Two verified publishers; `gpt_<number>` is the first one's, approved and served."""
    founded(desk, GIVING, GIVER)
    founded(desk, RECEIVING, TAKER)
    with writing(desk.engine) as session:
        session.add(GptRow(store_id=STORE, id=f"gpt_{number}", publisher=GIVING, name="Sky",
                           category="education", created_at=T0))  # fmt: skip
    if not listed:
        return
    subject = f"sub_{number}"
    opening = {"gpt": f"gpt_{number}", "digest": "d1", "publisher": GIVING}
    desk.review("submit", subject, GIVER, **opening)
    desk.review("scanned", subject, SYS)
    desk.review("tested", subject, SYS)
    desk.review("claim", subject, RUI)
    desk.review("approve", subject, RUI)
    desk.wait(minutes=11).review("settle", subject, SYS, release=None)
    desk.ledger.record(desk.exposing(number, publisher=GIVING))


def offered(desk: Desk, by: Actor = GIVER, number: int = 1, **changes: Any) -> RecordAnswer:
    body = OFFER | {"gpt": f"gpt_{number}", "publisher": GIVING, "to": RECEIVING}
    return desk.give("offer", "trf_1", by, body | changes)


def handed_over(desk: Desk) -> None:
    two(desk)
    assert code(offered(desk)) == "stored"
    assert code(desk.give("accept", "trf_1", TAKER)) == "stored"


def owner(desk: Desk) -> tuple[str, str]:
    """Of the GPT's row and of its listing."""
    with reading(desk.engine) as session:
        gpt = session.get_one(GptRow, (STORE, "gpt_1"))
        listing = session.exec(select(ListingPicture).where(ListingPicture.gpt == "gpt_1")).one()
        return gpt.publisher, listing.publisher

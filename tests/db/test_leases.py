"""Leases: a row beside the events, in step with the claim; renewals in between are the API's."""

from datetime import timedelta

from gonogo.db.session import reading, writing
from gonogo.db.tables import LeaseRow
from tests.builders import RUI, SENA, STORE, T0
from tests.db.desk import Desk
from tests.policies.states import SYS


def lease(desk: Desk, subject: str) -> LeaseRow | None:
    with reading(desk.engine) as session:
        return session.get(LeaseRow, (STORE, subject))


def test_a_lease_comes_and_goes_with_the_claim(desk: Desk) -> None:
    subject = desk.queued(1)
    desk.review("claim", subject, RUI)
    held = lease(desk, subject)

    desk.review("release_claim", subject, RUI)

    assert held is not None
    assert (held.claimant, held.until) == (RUI.id, T0 + timedelta(minutes=30))
    assert lease(desk, subject) is None


def test_an_event_in_between_does_not_undo_a_renewal_and_a_new_claim_does(desk: Desk) -> None:
    subject = desk.queued(1)
    desk.review("claim", subject, RUI)
    renewed = T0 + timedelta(hours=1)
    with writing(desk.engine) as session:
        row = session.get(LeaseRow, (STORE, subject))
        assert row is not None
        row.until = renewed

    desk.review("overdue", subject, SYS)
    after_nudge = lease(desk, subject)
    desk.wait(minutes=5).review("release_claim", subject, RUI)
    desk.review("claim", subject, SENA)
    after_claim = lease(desk, subject)

    assert after_nudge is not None
    assert after_nudge.until == renewed
    assert after_claim is not None
    assert (after_claim.claimant, after_claim.until) == (SENA.id, desk.now + timedelta(minutes=30))

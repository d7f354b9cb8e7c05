"""Whom a sign-in with an identity provider lets in, as whom, and with which roles."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, update

from api.browser import COOKIE
from gonogo.db.people import PersonRow
from gonogo.db.session import engine_of, writing
from gonogo.db.signin import InvitationRow
from tests.api.signing_in import Visit, configure, invited, user


async def test_whom_nobody_invited_is_told_whom_to_ask(visit: Visit) -> None:
    await user(visit.issuer, "u-1", email="una@lantern.example", email_verified=True)

    answer = await visit.whole("u-1")

    assert answer.status_code == 403
    assert "hello@store.example" in answer.text
    assert COOKIE not in visit.cookies


@pytest.mark.parametrize("verified", [False, "true", 1, None])
async def test_an_address_that_is_not_verified_is_nobodys(visit: Visit, verified: object) -> None:
    invited(visit.store, "mo@lantern.example")
    await user(visit.issuer, "m-1", email="mo@lantern.example", email_verified=verified)

    answer = await visit.whole("m-1")

    assert answer.status_code == 403
    assert "not verified" in answer.text


async def test_an_invitation_counts_once_and_not_for_ever(visit: Visit) -> None:
    invited(visit.store, "ray@lantern.example")
    late = invited(visit.store, "late@lantern.example", "Late")
    engine = engine_of(visit.store.settings.database)
    with writing(engine) as session:
        session.exec(
            update(InvitationRow)
            .where(col(InvitationRow.person) == late)
            .values(expires_at=datetime.now(UTC) - timedelta(seconds=1))
        )
    engine.dispose()
    await user(visit.issuer, "r-1", email="ray@lantern.example", email_verified=True)
    await user(visit.issuer, "r-2", email="ray@lantern.example", email_verified=True)
    await user(visit.issuer, "l-1", email="late@lantern.example", email_verified=True)

    first, second, expired = [await visit.whole(sub) for sub in ("r-1", "r-2", "l-1")]

    assert [a.status_code for a in (first, second, expired)] == [303, 403, 403]


async def test_who_left_stays_out(visit: Visit) -> None:
    person = invited(visit.store, "lou@lantern.example")
    await user(visit.issuer, "l-2", email="lou@lantern.example", email_verified=True)
    await visit.whole("l-2")
    engine = engine_of(visit.store.settings.database)
    with writing(engine) as session:
        session.exec(
            update(PersonRow).where(col(PersonRow.id) == person).values(left_at=datetime.now(UTC))
        )
    engine.dispose()

    answer = await visit.whole("l-2")

    assert answer.status_code == 403
    assert "You left this store" in answer.text


async def test_an_open_door_makes_developers_and_nothing_else(visit: Visit) -> None:
    configure(visit.store, visit.issuer, oidc_signup="developer")
    await user(visit.issuer, "d-1", email="dev@lantern.example", name="Dev\nOps <b>")

    answer = await visit.whole("d-1")
    me = await visit.me()

    assert answer.headers["location"] == "/mine"
    assert (me["name"], me["roles"], me["publishers"]) == ("Dev Ops <b>", ["developer"], [])


async def test_groups_give_and_take_their_roles_and_no_others(visit: Visit) -> None:
    configure(
        visit.store,
        visit.issuer,
        oidc_roles_claim="groups",
        oidc_roles={"gpt-reviewers": "reviewer", "gpt-leads": "product_lead"},
    )
    by_group = ["gpt-reviewers", "gpt-leads", "administrator", 7]
    await user(visit.issuer, "g-1", name="Gro", groups=by_group)

    await visit.whole("g-1")
    first = await visit.me()
    visit.store.identity.add_person("Gro", ("auditor", *first["roles"]), (), first["person"])
    await user(visit.issuer, "g-1", name="Gro", groups="gpt-leads")
    await visit.whole("g-1")
    second = await visit.me()
    await user(visit.issuer, "g-1", name="Gro", groups={"gpt-leads": True})
    await visit.whole("g-1")
    third = await visit.me()

    assert first["roles"] == ["product_lead", "reviewer"]
    assert second["roles"] == ["auditor", "product_lead"]
    assert third["roles"] == ["auditor"]

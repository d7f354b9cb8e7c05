"""Publishers over HTTP: founded, joined, proven by a real name server, attested, closed."""

import asyncio
import uuid
from typing import Any

import httpx
import pytest

from gonogo.temporal import connect
from tests.api.store import Store
from tests.names import NameServer


async def founded(store: Store, by: str = "ada", name: str = "Nova House") -> str:
    answer = await store.post("/v1/publishers", {"name": name}, by=by)
    assert answer.status_code == 201, answer.text
    publisher: str = answer.json()["publisher"]
    return publisher


async def seen(store: Store, publisher: str, by: str = "ada") -> dict[str, Any]:
    answer = await store.get(f"/v1/publishers/{publisher}", by)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def challenged(store: Store, publisher: str, domain: str) -> dict[str, Any]:
    path = f"/v1/publishers/{publisher}"
    answer = await store.post(f"{path}/challenge", {"domain": domain}, by="ada")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = (await seen(store, publisher))["challenge"]
    return told


def fresh_domain() -> str:
    """Worlds are shared: a domain of this test's own."""
    return f"nova-{uuid.uuid4().hex[:12]}.com"


async def test_a_developer_founds_a_publisher_and_owns_it(store: Store) -> None:
    publisher = await founded(store)

    view = await seen(store, publisher)
    mine = (await store.get("/v1/publishers", "ada")).json()

    assert (view["name"], view["standing"], view["verified"]) == ("Nova House", "unverified", False)
    assert view["members"] == {store.id_of("ada"): "owner"}
    assert view["can"]["challenge"]["allowed"]
    assert publisher in {one["id"] for one in mine["items"]}
    assert (await store.get(f"/v1/publishers/{publisher}", "ben")).status_code == 404
    assert (await store.get(f"/v1/publishers/{publisher}/events", "ben")).status_code == 404
    assert (await store.get(f"/v1/publishers/{publisher}", "lea")).status_code == 200


async def test_founding_is_limited_and_a_repeat_founds_nothing_more(store: Store) -> None:
    body = {"name": "One"}
    first = await store.post("/v1/publishers", body, by="ada", key="k1")
    again = await store.post("/v1/publishers", body, by="ada", key="k1")
    other = await store.post("/v1/publishers", {"name": "Two"}, by="ada", key="k1")
    await founded(store)
    third = await store.post("/v1/publishers", {"name": "Three"}, by="ada")

    assert first.json()["publisher"] == again.json()["publisher"]
    assert (other.status_code, other.json()["type"]) == (422, "/problems/key-reused")
    assert (third.status_code, third.json()["type"]) == (409, "/problems/over-limit")
    assert (await store.post("/v1/publishers", body, by="rita")).status_code == 403


async def test_a_domain_is_proven_by_its_record_and_says_what_was_missing(
    store: Store, names: NameServer
) -> None:
    publisher, domain = await founded(store), fresh_domain()
    told = await challenged(store, publisher, domain.upper())
    path = f"/v1/publishers/{publisher}/check"
    assert told["dns"]["name"] == f"_gonogo-challenge.{domain}"
    assert told["https"]["url"] == f"https://{domain}/.well-known/gonogo-challenge.txt"

    missing = await store.post(path, by="ada")
    names.txt(domain, told["dns"]["value"])
    proven = await store.post(path, by="ada")
    view = await seen(store, publisher)

    assert (missing.status_code, missing.json()["verified"]) == (200, False)
    assert missing.json()["why"] == ["txt_missing", "no_address"]
    assert (proven.json()["verified"], proven.json()["why"]) == (True, [])
    assert (view["method"], view["domain"], view["challenge"]) == ("domain", domain, None)
    assert view["recheck_at"]
    me = (await store.get("/v1/me", "ada")).json()
    assert {one["id"]: one["verified"] for one in me["publishers"]}[publisher]


async def test_a_name_that_leads_inside_is_not_followed(store: Store, names: NameServer) -> None:
    publisher, domain = await founded(store), fresh_domain()
    await challenged(store, publisher, domain)
    names.zone[domain, "A"] = ["169.254.169.254"]

    answer = await store.post(f"/v1/publishers/{publisher}/check", by="ada")

    assert answer.json()["why"] == ["txt_missing", "address_not_public"]


async def test_a_domain_another_publisher_stands_for_is_taken(
    store: Store, names: NameServer
) -> None:
    domain, refused = fresh_domain(), None
    for publisher in (await founded(store), await founded(store, name="Copy")):
        told = await challenged(store, publisher, domain)
        names.txt(domain, told["dns"]["value"])
        refused = await store.post(f"/v1/publishers/{publisher}/check", by="ada")

    assert refused is not None
    assert (refused.status_code, refused.json()["refusal"]["reason"]) == (409, "domain_taken")


async def test_i6_a_domain_that_staff_took_away_serves_no_other_publisher(
    store: Store, names: NameServer
) -> None:
    first, second, domain = await founded(store), await founded(store, name="Anew"), fresh_domain()
    for publisher in (first, second):
        told = await challenged(store, publisher, domain)
        names.txt(domain, told["dns"]["value"])
        if publisher == first:
            await store.post(f"/v1/publishers/{first}/check", by="ada")
            gone = await store.post(
                f"/v1/publishers/{first}/revoke", {"reason": "not_theirs"}, by="sam"
            )

    refused = await store.post(f"/v1/publishers/{second}/check", by="ada")
    back = await store.post(f"/v1/publishers/{first}/reinstate", {"reason": "mistake"}, by="lea")
    proven = await store.post(f"/v1/publishers/{second}/check", by="ada")

    assert (gone.status_code, back.status_code) == (200, 200)
    assert (refused.status_code, refused.json()["refusal"]["reason"]) == (409, "domain_revoked")
    assert proven.json()["verified"]


@pytest.mark.parametrize(
    "domain",
    ["co.uk", "localhost", "127.0.0.1", "https://x.com", "x.internal", "a b.com", "x" * 300],
)
async def test_what_is_no_domain_of_anybodys_is_refused(store: Store, domain: str) -> None:
    publisher = await founded(store)

    answer = await store.post(f"/v1/publishers/{publisher}/challenge", {"domain": domain}, by="ada")

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/incomplete")
    assert answer.json()["refusal"] == {"field": "domain"}


async def test_members_are_invited_accept_and_leave(store: Store) -> None:
    publisher = await founded(store)
    path, ben = f"/v1/publishers/{publisher}", store.id_of("ben")
    nobody = await store.post(f"{path}/invitations", {"person": "per_none"}, by="ada")
    invited = await store.post(f"{path}/invitations", {"person": ben}, by="ada")
    mine = (await store.get("/v1/publishers", "ben")).json()["invitations"]
    outside, owners = await seen(store, publisher, "ben"), await seen(store, publisher)
    events = await store.get(f"{path}/events", "ben")
    accepted = await store.post(f"{path}/accept", by="ben")
    by_member = await store.post(f"{path}/invitations", {"person": store.id_of("rita")}, by="ben")

    assert (nobody.status_code, invited.status_code, accepted.status_code) == (404, 200, 200)
    assert list(mine) == [publisher]
    assert (outside["members"], outside["invitation"]["role"]) == ({}, "member")
    assert list(owners["invited"]) == [ben]
    assert events.status_code == 404
    assert by_member.status_code == 403
    assert publisher in {p["id"] for p in (await store.get("/v1/me", "ben")).json()["publishers"]}

    assert (await store.post(f"{path}/leave", by="ada")).status_code == 409
    raised = await store.post(f"{path}/members/{ben}/role", {"role": "owner"}, by="ada")
    assert raised.status_code == 200
    assert (await store.post(f"{path}/leave", by="ada")).status_code == 200
    assert (await store.get(path, "ada")).status_code == 404
    assert (await store.post(f"{path}/members/{ben}/remove", by="ben")).status_code == 409
    assert (await store.post(f"{path}/close", by="ben")).status_code == 200
    assert (await store.get("/v1/me", "ben")).json()["publishers"] == [
        {"id": store.publishers["marrow"], "name": "Marrow", "verified": True}
    ]


async def test_an_invitation_can_be_withdrawn_or_declined(store: Store) -> None:
    publisher = await founded(store)
    path, ben = f"/v1/publishers/{publisher}", store.id_of("ben")
    for end in (f"{path}/invitations/{ben}/withdraw", f"{path}/decline"):
        await store.post(f"{path}/invitations", {"person": ben, "role": "owner"}, by="ada")
        by = "ada" if end.endswith("withdraw") else "ben"
        assert (await store.post(end, by=by)).status_code == 200
        assert (await store.post(f"{path}/accept", by="ben")).status_code == 404


async def test_staff_attest_a_name_on_what_they_saw_and_one_person_revokes(store: Store) -> None:
    publisher = await founded(store)
    path = f"/v1/publishers/{publisher}"
    body = {"reason": "Register and invoice agree.", "note": "HRB 1234, invoice of 2 May."}
    version = (await seen(store, publisher))["version"]

    blind = await store.post(f"{path}/attest", body, by="lea")
    stale = await store.post(f"{path}/attest", body, by="lea", version=version + 1)
    by_owner = await store.post(f"{path}/attest", body, by="ada", version=version)
    attested = await store.post(f"{path}/attest", body, by="lea", version=version)
    events = (await store.get(f"{path}/events", "ada")).json()
    revoked = await store.post(f"{path}/revoke", {"reason": "not_theirs"}, by="sam")

    assert [blind.status_code, stale.status_code, by_owner.status_code] == [428, 412, 403]
    assert attested.json()["verified"]
    assert "HRB" not in repr([one["body"] for one in events["items"]])
    assert (revoked.json()["verified"], revoked.json()["why"]) == (False, ["revoked"])
    assert (await store.post(f"{path}/revoke", {"reason": "x"}, by="sam")).status_code == 409


async def test_i6_a_publisher_that_lost_its_proof_starts_nothing(store: Store) -> None:
    case = await store.approved()
    lumen = store.publishers["lumen"]
    await store.post(f"/v1/publishers/{lumen}/revoke", {"reason": "not_theirs"}, by="sam")
    release = f"/v1/releases/{case['release']}"
    ready = (await store.get(release, "lea")).json()

    refused = await store.post(f"{release}/start", by="lea", version=ready["version"])

    assert refused.status_code == 409
    assert refused.json()["refusal"]["reasons"] == ["publisher_unverified"]


async def test_an_administrator_founds_and_attests_for_others(store: Store) -> None:
    made = await store.post("/v1/publishers", {"name": "Nova", "verified": True}, by="adam")
    publisher = made.json()["publisher"]
    no = await store.post("/v1/publishers", {"name": "Nova", "verified": True}, by="ada")

    view = await seen(store, publisher, "adam")

    assert (no.status_code, view["verified"], view["method"]) == (403, True, "name")
    assert view["members"] == {}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", {"name": "a\nb"}),
        ("", {"name": "x" * 121}),
        ("", {"name": "A", "more": 1}),
        ("/{p}/invitations", {"person": "per_x", "role": "king"}),
        ("/{p}/invitations", {"person": "per\u0000x"}),
        ("/{p}/challenge", {"domain": ""}),
        ("/{p}/challenge", {"domain": ["x.com"]}),
        ("/{p}/members/per_x/role", {"role": "king"}),
        ("/{p}/attest", {"reason": "x"}),
    ],
)
async def test_malformed_bodies_change_nothing(
    store: Store, path: str, body: dict[str, Any]
) -> None:
    publisher = await founded(store)

    answer: httpx.Response = await store.post(
        "/v1/publishers" + path.format(p=publisher), body, by="ada"
    )

    assert answer.status_code == 422
    assert (await seen(store, publisher))["seq"] == 1


async def test_i6_what_a_domain_no_longer_shows_lapses_and_is_lost_by_itself(
    store: Store, names: NameServer
) -> None:
    publisher, domain = await founded(store), fresh_domain()
    told = await challenged(store, publisher, domain)
    names.txt(domain, told["dns"]["value"])
    await store.post(f"/v1/publishers/{publisher}/check", by="ada")

    async def looked_at_again() -> dict[str, Any]:
        await asyncio.sleep(1.1)
        client = await connect(store.settings)
        await client.execute_workflow(
            "Reverification", store.settings.store, id=f"again-{uuid.uuid4().hex}",
            task_queue=store.settings.task_queue,
        )  # fmt: skip
        return await seen(store, publisher)

    renewed = await looked_at_again()
    names.txt(domain, "something else")
    lapsing = await looked_at_again()
    lost = await looked_at_again()

    assert (renewed["standing"], renewed["seq"]) == ("verified", 4)
    assert (lapsing["standing"], lapsing["why"]) == ("lapsing", ["txt_other", "no_address"])
    assert lapsing["by_when"]
    assert (lost["standing"], lost["verified"]) == ("unverified", False)


async def test_i6_a_domain_alone_does_not_bring_back_what_staff_revoked(
    store: Store, names: NameServer
) -> None:
    publisher, domain = await founded(store), fresh_domain()
    path = f"/v1/publishers/{publisher}"
    told = await challenged(store, publisher, domain)
    names.txt(domain, told["dns"]["value"])
    assert (await store.post(f"{path}/check", by="ada")).json()["verified"]
    await store.post(f"{path}/revoke", {"reason": "not_theirs"}, by="lea")

    again = await store.post(f"{path}/challenge", {"domain": domain}, by="ada")
    looked = await store.post(f"{path}/check", by="ada")
    same_person = await store.post(f"{path}/reinstate", {"reason": "mistake"}, by="lea")
    view = await seen(store, publisher)
    reinstated = await store.post(f"{path}/reinstate", {"reason": "mistake"}, by="lou")
    told = await challenged(store, publisher, domain)
    names.txt(domain, told["dns"]["value"])
    proven = await store.post(f"{path}/check", by="ada")

    for refused in (again, looked):
        assert (refused.status_code, refused.json()["refusal"]["reason"]) == (409, "revoked")
        assert "reinstates it, or attests the name" in refused.json()["detail"]
    assert (same_person.status_code, same_person.json()["type"]) == (403, "/problems/same-voice")
    assert (view["revoked"], view["turn"], view["can"]["check"]["allowed"]) == (
        True,
        "staff",
        False,
    )
    assert (reinstated.json()["verified"], reinstated.json()["revoked"]) == (False, False)
    assert proven.json()["verified"]


async def test_an_administrator_names_an_owner_where_the_last_one_is_gone(store: Store) -> None:
    publisher = await founded(store)
    path, ben = f"/v1/publishers/{publisher}", store.id_of("ben")
    await store.post(f"{path}/invitations", {"person": ben}, by="ada")
    await store.post(f"{path}/accept", by="ben")

    async def put(by: str, role: str) -> httpx.Response:
        return await store.http.put(
            f"{path}/members/{ben}", json={"role": role}, headers=store.headers(by)
        )

    stuck = await store.post(f"{path}/members/{ben}/role", {"role": "owner"}, by="ben")
    by_lead, odd = await put("lea", "owner"), await put("adam", "king")
    named = await put("adam", "owner")

    assert [stuck.status_code, by_lead.status_code, odd.status_code] == [403, 403, 422]
    assert named.status_code == 200
    assert (await seen(store, publisher))["members"][ben] == "owner"
    assert (await store.post(f"{path}/leave", by="ada")).status_code == 200

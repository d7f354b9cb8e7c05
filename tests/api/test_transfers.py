"""Transfers over HTTP: offered, answered by the other side, and what each side sees of it."""

import json
from typing import Any

import httpx

from policies.lifecycle.kernel import instant
from tests.api.store import Store, manifest

TO = "marrow"


async def offered(
    store: Store, gpt: str, *, by: str = "ada", key: str | None = None, **more: Any
) -> httpx.Response:
    body = {"to": store.publishers[TO], **more}
    return await store.post(f"/v1/gpts/{gpt}/transfers", body, by=by, key=key)


async def seen(store: Store, transfer: str, by: str) -> dict[str, Any]:
    answer = await store.get(f"/v1/transfers/{transfer}", by)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_served_gpt_changes_hands_and_stays_served(store: Store) -> None:
    store.id_of("ben")
    listing = await store.released()
    gpt = listing["gpt"]
    answer = await offered(store, gpt, note="As agreed in May.", key="k1")
    transfer = answer.json()["transfer"]

    mine = await seen(store, transfer, "ben")
    waiting = (await store.get("/v1/transfers", "ben")).json()["items"]
    accepted = await store.post(f"/v1/transfers/{transfer}/accept", by="ben", key="k2")
    again = await store.post(f"/v1/transfers/{transfer}/accept", by="ben", key="k2")
    repeated = await offered(store, gpt, note="As agreed in May.", key="k1")

    assert answer.status_code == 201
    assert (mine["note"], mine["turn"], mine["in_the_way"]) == ("As agreed in May.", "receiver", {})
    assert [one["id"] for one in waiting] == [transfer]
    assert mine["can"]["accept"]["allowed"]
    assert not mine["can"]["withdraw"]["allowed"]
    assert (accepted.json()["step"], again.json()) == ("accepted", accepted.json())
    assert repeated.json()["transfer"] == transfer
    now = (await store.get(f"/v1/listings/{gpt}", "ben")).json()
    assert (now["publisher"], now["status"]) == (store.publishers[TO], "listed")
    served = (await store.get(f"/v1/catalogue/{gpt}")).json()
    assert served["publisher"]["id"] == store.publishers[TO]
    # What was private to the former publisher stays with them, and the rest goes.
    case = (await store.get("/v1/submissions", "ada")).json()["items"][0]
    assert (await store.get(f"/v1/submissions/{case['id']}", "ben")).status_code == 404
    assert (await store.get(f"/v1/listings/{gpt}", "ada")).status_code == 404
    assert (await store.post(f"/v1/listings/{gpt}/unlist", by="ada")).status_code == 404
    assert (await store.post(f"/v1/listings/{gpt}/unlist", by="ben")).status_code == 200
    assert (await store.post(f"/v1/listings/{gpt}/relist", by="ben")).status_code == 200


async def test_the_new_owner_sends_the_next_revision_and_the_old_one_no_more(store: Store) -> None:
    store.id_of("ben")
    listing = await store.released()
    gpt = listing["gpt"]
    transfer = (await offered(store, gpt)).json()["transfer"]
    await store.post(f"/v1/transfers/{transfer}/accept", by="ben")
    body = {
        "gpt": gpt,
        "files": [{"path": "gpt.yaml", "text": json.dumps(manifest("Night Sky II"))}],
    }

    former = await store.post("/v1/submissions", body, by="ada")
    present = await store.post("/v1/submissions", body, by="ben")

    assert former.status_code == 404
    assert present.status_code == 201
    case = await store.until(
        f"/v1/submissions/{present.json()['subject']}", lambda c: c["stage"] == "queued"
    )
    assert case["publisher"] == store.publishers[TO]
    # `twin` reviews, and belongs to the publisher that had it (I2): the button is off, too.
    can = (await store.get(f"/v1/submissions/{case['id']}/can", "twin")).json()["commands"]
    queue = (await store.get("/v1/reviews", "twin")).json()["items"]
    own = (await store.get(f"/v1/submissions/{case['id']}/can", "rita")).json()["commands"]
    assert (can["claim"]["allowed"], can["claim"]["code"]) == (False, "self-approval")
    assert [one["can"]["claim"]["allowed"] for one in queue if one["id"] == case["id"]] == [False]
    assert own["claim"]["allowed"]
    refused = await store.post(f"/v1/reviews/{case['id']}/claim", by="twin")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/self-approval")
    assert (await store.post(f"/v1/reviews/{case['id']}/claim", by="rita")).status_code == 200


async def test_what_is_in_the_way_is_told_with_what_to_do(store: Store) -> None:
    store.id_of("ben")
    case = await store.submitted()
    refused = await offered(store, case["gpt"])

    assert refused.status_code == 409
    assert refused.json()["refusal"]["in_the_way"] == {"submission": [case["id"]]}
    assert "withdraw its open submission" in refused.json()["detail"]
    await store.post(f"/v1/submissions/{case['id']}/withdraw", by="ada")
    assert (await offered(store, case["gpt"])).status_code == 201


async def test_who_may_offer_answer_and_look(store: Store) -> None:
    store.id_of("ben")
    case = await store.submitted()
    gpt = case["gpt"]
    await store.post(f"/v1/submissions/{case['id']}/withdraw", by="ada")

    strangers = [await offered(store, gpt, by=by) for by in ("ben", "lea")]
    self_offer = await store.post(
        f"/v1/gpts/{gpt}/transfers", {"to": store.publishers["lumen"]}, by="ada"
    )
    nobody = await store.post(f"/v1/gpts/{gpt}/transfers", {"to": "pub_none"}, by="ada")
    transfer = (await offered(store, gpt)).json()["transfer"]
    path = f"/v1/transfers/{transfer}"
    second = await offered(store, gpt)

    assert [one.status_code for one in strangers] == [404, 404]
    assert self_offer.json()["type"] == "/problems/illegal-move"
    assert nobody.json()["refusal"]["publisher"] == "pub_none"
    assert (second.status_code, second.json()["refusal"]["transfer"]) == (409, transfer)
    assert (await store.post(f"{path}/accept", by="ada")).status_code == 403
    assert (await store.post(f"{path}/accept", by="lea")).status_code == 403
    assert (await store.post(f"{path}/withdraw", by="ben")).status_code == 403
    assert (await store.get(path, "una")).status_code == 200  # staff look
    declined = await store.post(f"{path}/decline", {"reason": "not_wanted"}, by="ben")
    assert declined.json()["step"] == "declined"
    assert (await store.post(f"{path}/accept", by="ben")).status_code == 409
    listed = (await store.get(f"/v1/gpts/{gpt}/transfers", "ben")).json()["items"]
    assert [one["step"] for one in listed] == ["declined"]
    third = (await offered(store, gpt)).json()["transfer"]
    assert (await store.post(f"/v1/transfers/{third}/withdraw", by="ada")).status_code == 200
    assert (await store.get(f"{path}/events", "ben")).json()["items"][-1]["body"] == {
        "reason": "not_wanted"
    }


async def test_an_offer_ends_by_itself_and_both_sides_hear_of_it(store: Store) -> None:
    store.id_of("ben")
    case = await store.submitted()
    await store.post(f"/v1/submissions/{case['id']}/withdraw", by="ada")
    terms = store.app.state.services.pack.publishers
    brief = terms.model_copy(update={"transfer_s": 3, "transfer_warn_s": 2})
    pack = store.app.state.services.pack.model_copy(update={"publishers": brief})
    store.use(store.settings, pack=pack)
    transfer = (await offered(store, case["gpt"])).json()["transfer"]

    view = await store.until(f"/v1/transfers/{transfer}", lambda t: t["step"] == "expired")
    events = (await store.get(f"/v1/transfers/{transfer}/events", "ben")).json()["items"]

    assert instant(view["since"]) >= instant(view["until"])
    assert [one["type"] for one in events] == [
        "transfer:offered", "transfer:warned", "transfer:expired",
    ]  # fmt: skip

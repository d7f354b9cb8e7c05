"""What the public sees: only what can be served, in lists, by search and by resolve."""

import asyncio

from tests.api.store import Store, manifest


async def names(store: Store, path: str = "/v1/catalogue", **params: object) -> list[str]:
    answer = await store.get(path, None, **params)
    assert answer.status_code == 200, answer.text
    return [entry["name"] for entry in answer.json()["items"]]


async def test_a_first_release_is_found_by_link_before_it_is_in_lists(store: Store) -> None:
    release = await store.rolling()
    gpt = release["gpt"]

    by_link = await store.get(f"/v1/catalogue/{gpt}")
    cohort = {
        unit: (await store.get(f"/v1/catalogue/{gpt}/resolve", unit=unit)).json()
        for unit in map(str, range(40))
    }
    unnamed = (await store.get(f"/v1/catalogue/{gpt}/resolve")).json()

    assert by_link.json()["visibility"] == "link"
    assert by_link.json()["publisher"] == {
        "id": store.publishers["lumen"],
        "name": "Lumen",
        "verified": True,
    }
    assert await names(store) == []
    assert await names(store, "/v1/catalogue/search", q="night") == []
    assert {served["serving"] for served in cohort.values()} == {"candidate", "none"}
    assert all(
        (served["serving"] == "candidate") == (served["bucket"] <= 2500)
        for served in cohort.values()
    )
    assert (unnamed["serving"], unnamed["why"]) == ("none", ["no_unit", "no_stable_revision"])


async def test_a_listed_gpt_is_listed_found_quarantined_and_back(store: Store) -> None:
    listing = await store.released()
    path = f"/v1/listings/{listing['gpt']}"
    resolve = f"/v1/catalogue/{listing['gpt']}/resolve"

    async def shown() -> tuple[list[str], str]:
        serving: str = (await store.get(resolve, unit="u")).json()["serving"]
        return await names(store), serving

    at_first = await shown()
    found = [
        await names(store, "/v1/catalogue/search", q=q)
        for q in ("sky", "NIGHT guide", "tonight stars", "100%", "_ight", "banana")
    ]
    refused = await store.post(f"{path}/quarantine", {"reason": "harm"}, by="lea")
    await store.post(f"{path}/quarantine", {"reason": "harm"}, by="sam")
    quarantined = await shown()
    barred = await store.post(f"{path}/relist", by="ada")
    seen = (await store.get(path, "ada")).json()
    lifted = await store.post(f"{path}/lift-quarantine", {"note": "Mended."}, by="sam")
    back = await shown()
    unlisted = await store.post(f"{path}/unlist", by="ada", key="off")
    repeat = await store.post(f"{path}/unlist", by="ada", key="off")
    gone = await shown()
    relisted = await store.post(f"{path}/relist", by="ada")

    assert at_first == back == (["Night Sky Guide"], "stable")
    assert [bool(hit) for hit in found] == [True, True, True, False, False, False]
    assert refused.status_code == 403
    assert quarantined == gone == ([], "none")
    assert barred.status_code == 409
    assert (seen["status"], seen["turn"], seen["why"]) == (
        "quarantined",
        "safety on-call",
        ["harm"],
    )
    assert lifted.json()["status"] == "listed"
    assert repeat.json() == unlisted.json()
    assert relisted.json()["status"] == "listed"


async def test_the_catalogue_is_walked_by_cursor_within_a_category(store: Store) -> None:
    await asyncio.gather(*(store.released(manifest(name)) for name in ("Bravo", "Alpha")))

    first = (await store.get("/v1/catalogue", limit=1, category="education")).json()
    rest = (await store.get("/v1/catalogue", limit=1, cursor=first["next"])).json()

    assert [first["items"][0]["name"], rest["items"][0]["name"]] == ["Alpha", "Bravo"]
    assert rest["next"] is None
    assert await names(store, category="writing") == []


async def test_an_update_goes_to_its_share_and_the_rest_keep_stable(store: Store) -> None:
    listing = await store.released()
    update = await store.rolling(manifest(starters=["Where is Orion?"]))
    resolve = f"/v1/catalogue/{listing['gpt']}/resolve"

    served = [(await store.get(resolve, unit=str(n))).json() for n in range(30)]
    nobody = (await store.get(resolve)).json()
    stop = {"scope": "revision", "target": update["digest"], "reason": "harm"}
    await store.post("/v1/stops", stop, by="sam")
    after = [(await store.get(resolve, unit=str(n))).json() for n in range(30)]

    by_kind = {one["serving"]: one["digest"] for one in served}
    assert by_kind == {"candidate": update["digest"], "stable": update["previous"]}
    assert nobody["serving"] == "stable"
    assert {one["digest"] for one in after} == {update["previous"]}


async def test_what_is_not_there_is_not_found(store: Store) -> None:
    case = await store.submitted()

    unknown = await store.get("/v1/catalogue/gpt_none/resolve")
    hidden = await store.get(f"/v1/catalogue/{case['gpt']}")
    no_listing = await store.get(f"/v1/listings/{case['gpt']}", "ada")

    assert [unknown.status_code, hidden.status_code, no_listing.status_code] == [404] * 3

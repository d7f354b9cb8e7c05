"""Stops are in force at once and never need the orchestrator (I3); lifting takes care."""

from tests.api.store import Store

NOWHERE = "f" * 64


async def test_i3_reads_stops_and_resolve_work_without_the_orchestrator(
    store: Store, cut_off: Store
) -> None:
    listing = await store.released()
    gpt = listing["gpt"]
    resolve = f"/v1/catalogue/{gpt}/resolve"
    before = (await cut_off.get(resolve, unit="u")).json()

    placed = await cut_off.post(
        "/v1/stops",
        {"scope": "gpt", "target": gpt, "reason": "harm", "note": "Seen twice."},
        by="sam",
    )

    assert before["serving"] == "stable"
    assert placed.status_code == 201
    assert placed.headers["location"] == f"/v1/stops/{placed.json()['stop']}"
    after = (await cut_off.get(resolve, unit="u")).json()
    assert (after["serving"], after["digest"], after["why"]) == ("none", None, ["stopped:gpt"])
    assert (await cut_off.get("/v1/catalogue")).json()["items"] == []
    assert (await cut_off.get("/v1/catalogue/search", q="night")).json()["items"] == []
    assert (await cut_off.get(f"/v1/catalogue/{gpt}")).status_code == 404
    for path in (
        "/v1/submissions",
        "/v1/reviews",
        "/v1/releases",
        "/v1/stops",
        "/v1/events",
        f"/v1/listings/{gpt}",
        "/v1/me",
        "/v1/policy",
    ):
        assert (await cut_off.get(path, "sam")).status_code == 200
    ready = (await cut_off.get("/readyz")).json()
    assert (ready["status"], ready["orchestrator"]) == ("degraded", False)


async def test_commands_are_kept_while_the_orchestrator_is_down(
    store: Store, cut_off: Store
) -> None:
    case = await store.submitted()
    path = f"/v1/submissions/{case['id']}/withdraw"

    refusal = await cut_off.post(path, by="ada", key="leave")
    kept = await store.get(f"/v1/commands/{refusal.json()['command']}", "ada")

    assert refusal.status_code == 503
    assert refusal.json()["type"] == "/problems/orchestrator-unavailable"
    assert refusal.headers["retry-after"] == "5"
    # Asking through an API that reaches the orchestrator sends it again.
    assert kept.json()["stage"] == "withdrawn"
    repeat = await cut_off.post(path, by="ada", key="leave")
    assert repeat.status_code == 200


async def test_i3_a_halt_becomes_a_stop_while_the_orchestrator_is_down(
    store: Store, cut_off: Store
) -> None:
    release = await store.rolling()
    path = f"/v1/releases/{release['id']}/halt"

    answer = await cut_off.post(path, {"reason": "harm"}, by="sam", key="now")
    repeat = await cut_off.post(path, {"reason": "harm"}, by="sam", key="now")
    another = await cut_off.post(path, {"reason": "harm"}, by="lea")

    assert answer.status_code == 200
    assert answer.json()["status"] == "stopped"
    instead = answer.json()["instead"]
    assert (instead["scope"], instead["target"]) == ("revision", release["digest"])
    assert [repeat.json()["instead"]["stop"], another.json()["instead"]["stop"]] == [
        instead["stop"]
    ] * 2
    served = (await cut_off.get(f"/v1/catalogue/{release['gpt']}/resolve", unit="u")).json()
    assert served["serving"] == "none"
    assert "stopped:revision" in served["why"]
    halted = await store.post(path, {"reason": "harm"}, by="sam", key="now")
    assert halted.json()["phase"] == "halted"


async def test_a_halt_that_is_not_ones_to_give_places_no_stop(store: Store, cut_off: Store) -> None:
    release = await store.rolling()

    refusal = await cut_off.post(f"/v1/releases/{release['id']}/halt", {"reason": "harm"}, by="ada")

    assert refusal.status_code == 403
    assert (await cut_off.get("/v1/stops", "sam")).json()["items"] == []


async def test_i8_a_repeated_stop_is_one_stop(store: Store) -> None:
    body = {"scope": "publisher", "target": store.publishers["lumen"], "reason": "fraud"}

    answers = [await store.post("/v1/stops", body, by="sam", key="once") for _ in range(2)]
    other = await store.post("/v1/stops", {**body, "reason": "spam"}, by="sam", key="once")

    assert answers[0].json() == answers[1].json()
    assert other.json()["type"] == "/problems/key-reused"
    assert len((await store.get("/v1/stops", "sam")).json()["items"]) == 1


TARGETS: list[tuple[dict[str, str], int]] = [
    ({"scope": "gpt", "target": "gpt_none", "reason": "x"}, 404),
    ({"scope": "publisher", "target": "pub_none", "reason": "x"}, 404),
    ({"scope": "revision", "target": NOWHERE, "reason": "x"}, 404),
    ({"scope": "category", "target": "nothing", "reason": "x"}, 404),
    ({"scope": "category", "target": "education", "reason": "x"}, 201),
    ({"scope": "store", "reason": "x"}, 201),
    ({"scope": "gpt", "reason": "x"}, 422),
    ({"scope": "planet", "target": "x", "reason": "x"}, 422),
    ({"scope": "store"}, 422),
    ({"scope": "store", "reason": "x", "until": "x"}, 422),
]


async def test_a_stop_needs_a_target_that_exists(store: Store) -> None:
    for body, status in TARGETS:
        assert (await store.post("/v1/stops", body, by="sam")).status_code == status


async def test_a_stop_is_not_everybodys_to_place(store: Store) -> None:
    body = {"scope": "store", "reason": "because"}

    refusals = [await store.post("/v1/stops", body, by=who) for who in ("ada", "rita", "una")]
    nobody = await store.post("/v1/stops", body, by=None)

    assert {refusal.status_code for refusal in refusals} == {403}
    assert nobody.status_code == 401


async def test_a_wide_stop_is_lifted_by_another_person_than_placed_it(store: Store) -> None:
    listing = await store.released()
    placed = await store.post("/v1/stops", {"scope": "store", "reason": "outage"}, by="sam")
    path = f"/v1/stops/{placed.json()['stop']}"
    resolve = f"/v1/catalogue/{listing['gpt']}/resolve"
    dark = (await store.get(resolve, unit="u")).json()

    same = await store.post(f"{path}/lift", {"reason": "over"}, by="sam")
    lifted = await store.post(f"{path}/lift", {"reason": "over"}, by="lea", key="lift")
    repeat = await store.post(f"{path}/lift", {"reason": "over"}, by="lea", key="lift")

    assert dark["why"] == ["stopped:store"]
    assert same.json()["type"] == "/problems/same-voice"
    assert lifted.json()["status"] == "lifted"
    assert repeat.json() == lifted.json()
    assert (await store.get(resolve, unit="u")).json()["serving"] == "stable"
    shown = (await store.get(path, "una")).json()
    assert (shown["lifted_by"], shown["can"]["lift"]["allowed"]) == (store.id_of("lea"), False)


async def test_stops_are_listed_active_first(store: Store) -> None:
    made = []
    for reason in ("one", "two", "three"):
        body = {"scope": "category", "target": "writing", "reason": reason}
        made.append((await store.post("/v1/stops", body, by="sam")).json()["stop"])
    await store.post(f"/v1/stops/{made[2]}/lift", {"reason": "over"}, by="lea")

    first = (await store.get("/v1/stops", "una", limit=2)).json()
    rest = (await store.get("/v1/stops", "una", limit=2, cursor=first["next"])).json()

    assert [s["id"] for s in (*first["items"], *rest["items"])] == [made[1], made[0], made[2]]

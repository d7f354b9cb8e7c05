"""Releases: their rail, civil times, and that safer is easier (I3)."""

import asyncio
from datetime import UTC, datetime, timedelta

from tests.api.store import Store, manifest


async def test_a_ready_release_shows_its_plan_and_whose_turn_it_is(store: Store) -> None:
    case = await store.approved()

    answer = await store.get(f"/v1/releases/{case['release']}", "ada")
    can = (await store.get(f"/v1/releases/{case['release']}/can", "lea")).json()["commands"]

    release = answer.json()
    assert answer.headers["etag"] == f'"{release["version"]}"'
    assert (release["phase"], release["turn"]) == ("ready", "product lead")
    assert [(s["state"], s["weight_bp"], s["entered_at"]) for s in release["rail"]] == [
        ("planned", 2500, None),
        ("planned", 10000, None),
    ]
    assert can["start"] == {"allowed": True}
    assert can["pause"]["code"] == "illegal-move"
    assert (await store.get(f"/v1/releases/{case['release']}", "ben")).status_code == 404


async def test_growing_needs_the_version_and_shrinking_does_not(store: Store) -> None:
    release = await store.rolling()
    path = f"/v1/releases/{release['id']}"

    blind = await store.post(f"{path}/resume", by="lea")
    old = await store.post(f"{path}/resume", by="lea", version=release["version"] - 1)
    halted = await store.post(f"{path}/halt", {"reason": "complaints"}, by="sam")

    assert [blind.status_code, old.status_code] == [428, 412]
    assert halted.json()["phase"] == "halted"
    assert "instead" not in halted.json()


async def test_i3_halting_takes_one_person_and_resuming_two(store: Store) -> None:
    release = await store.rolling()
    path = f"/v1/releases/{release['id']}"
    await store.post(f"{path}/halt", {"reason": "Users say it swears."}, by="sam")
    resolve = f"/v1/catalogue/{release['gpt']}/resolve?unit=u"
    dark = await store.until(resolve, lambda r: "halted" in r["why"], by=None)

    async def resume(by: str) -> int:
        seen = (await store.get(path, by)).json()["version"]
        return (await store.post(f"{path}/resume", by=by, version=seen)).status_code

    statuses = [await resume("lea"), await resume("lea"), await resume("lou")]

    assert dark["serving"] == "none"
    assert statuses == [200, 403, 200]
    log = (await store.get(f"{path}/events", "ada")).json()
    halted = next(e for e in log["items"] if e["type"] == "release:halted")
    assert halted["body"]["reason"] == "stated"
    assert list(log["prose"].values()) == ["Users say it swears."]


async def test_a_roll_back_leaves_nobody_with_the_candidate(store: Store) -> None:
    release = await store.rolling()

    back = await store.post(
        f"/v1/releases/{release['id']}/roll-back", {"reason": "regression"}, by="ada"
    )

    assert back.json()["phase"] == "rolled_back"
    listing = await store.until(
        f"/v1/listings/{release['gpt']}", lambda found: found["exposure"]["candidate"] is None
    )
    assert listing["status"] == "unlisted"


async def test_a_release_is_scheduled_at_an_instant_and_taken_back(store: Store) -> None:
    case = await store.approved()
    path = f"/v1/releases/{case['release']}"
    ready = (await store.get(path, "lea")).json()
    at = (datetime.now(UTC) + timedelta(days=2)).replace(microsecond=0)

    done = await store.post(
        f"{path}/schedule", {"at": at.isoformat()}, by="lea", version=ready["version"]
    )
    seen = (await store.get(path, "lea")).json()
    undone = await store.post(f"{path}/unschedule", by="lea")

    assert done.status_code == 200, done.text
    assert seen["phase"] == "scheduled"
    assert datetime.fromisoformat(seen["by_when"]) == at
    assert [step["earliest"] is not None for step in seen["rail"]] == [True, True]
    assert undone.json()["phase"] == "ready"


CIVIL = [
    ("2031-03-09T02:30", "America/New_York", "2031-03-09T07:30:00.000000Z", "gap"),
    ("2031-11-02T01:30", "America/New_York", "2031-11-02T05:30:00.000000Z", "fold"),
    ("2031-06-01T09:00", "Europe/Paris", "2031-06-01T07:00:00.000000Z", None),
]


async def test_a_civil_time_is_resolved_and_told_back(store: Store) -> None:
    case = await store.approved()
    path = f"/v1/releases/{case['release']}"

    for local, zone, utc, kind in CIVIL:
        version = (await store.get(path, "lea")).json()["version"]
        answer = await store.post(
            f"{path}/schedule", {"local": local, "zone": zone}, by="lea", version=version
        )
        body, stored = answer.json(), (await store.get(path, "lea")).json()

        assert body["time"]["utc"] == stored["scheduled_at"] == utc
        assert (body["time"]["gap"], body["time"]["fold"]) == ("later", "earlier")
        assert (body["notice"] or {}).get("kind") == kind
        assert stored["scheduled_time"] == body["time"]


NO_TIMES: list[dict[str, object]] = [
    {},
    {"at": "2031-01-01T00:00:00"},
    {"at": "tomorrow"},
    {"local": "2031-01-01T00:00"},
    {"local": "2031-01-01T00:00", "zone": "../../etc/passwd"},
    {"local": "2031-01-01T00:00", "zone": "Mars/Olympus"},
    {"local": "2031-03-09T02:30", "zone": "America/New_York", "strict": True},
    {"at": "2020-01-01T00:00:00Z"},
    {"at": "0001-01-01T00:00:00+14:00"},
    {"local": "9999-12-31T23:59", "zone": "America/New_York"},
    {"local": "2031-01-01T00:00", "zone": "UTC", "at": "2031-01-01T00:00:00Z"},
]


async def test_a_time_that_is_none_is_refused(store: Store) -> None:
    case = await store.approved()
    path = f"/v1/releases/{case['release']}"
    version = (await store.get(path, "lea")).json()["version"]

    refusals = [
        await store.post(f"{path}/schedule", body, by="lea", version=version) for body in NO_TIMES
    ]

    assert [refusal.status_code for refusal in refusals] == [422] * len(NO_TIMES)


async def test_i8_a_repeated_start_is_answered_though_its_version_is_old(store: Store) -> None:
    case = await store.approved()
    path = f"/v1/releases/{case['release']}"
    version = (await store.get(path, "lea")).json()["version"]
    first = await store.post(f"{path}/start", by="lea", version=version, key="go")

    repeat = await store.post(f"{path}/start", by="lea", version=version, key="go")

    assert first.status_code == 200
    assert repeat.json() == first.json()


async def test_a_release_nobody_is_served_is_cancelled(store: Store) -> None:
    case = await store.approved()

    answer = await store.post(
        f"/v1/releases/{case['release']}/cancel", {"reason": "not_wanted"}, by="ada"
    )

    assert answer.json()["phase"] == "cancelled"


async def test_releases_are_listed_newest_first_by_page(store: Store) -> None:
    cases = await asyncio.gather(*(store.approved(manifest(f"Guide {n}")) for n in range(2)))
    made = sorted(case["release"] for case in cases)

    first = (await store.get("/v1/releases", "lea", limit=1, phase="ready")).json()
    rest = (await store.get("/v1/releases", "lea", limit=1, cursor=first["next"])).json()

    assert [first["items"][0]["id"], rest["items"][0]["id"]] == made[::-1]
    assert rest["next"] is None
    assert (await store.get("/v1/releases", "ben")).json()["items"] == []

"""Golden histories of what people ask for over the API, in a whole world: publishers, transfers,
windows, embargoes, memos, stops, purges and legal holds, and the sweeps of schedules.

`python -m tests.golden.by_api [NAME …]` records all of them, or those that are named.
"""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy

from gonogo.temporal import CONVERTER
from tests.api.launches import Recorded, in_days
from tests.api.store import Store, manifest, opened
from tests.api.test_embargoes import until
from tests.api.test_publishers import challenged, fresh_domain
from tests.api.test_windows import window
from tests.api.world import World
from tests.databases import migrated

FOLDER = Path(__file__).parent


async def ok(store: Store, path: str, body: Any = None, **how: Any) -> dict[str, Any]:
    answer = await store.post(path, body, **how)
    assert answer.status_code in (200, 201), answer.text
    told: dict[str, Any] = answer.json()
    return told


async def publisher_verified(store: Store, world: World) -> str:
    """By its domain; another run took the challenge."""
    publisher = str((await ok(store, "/v1/publishers", {"name": "Nova"}, by="ada"))["subject"])
    domain = fresh_domain()
    told = await challenged(store, publisher, domain)
    world.names.txt(domain, told["dns"]["value"])
    await ok(store, f"/v1/publishers/{publisher}/check", by="ada")
    return f"publisher/{publisher}"


async def transfer_accepted(store: Store, world: World) -> str:
    store.id_of("ben")
    gpt = (await store.released())["gpt"]
    body = {"to": store.publishers["marrow"]}
    transfer = (await ok(store, f"/v1/gpts/{gpt}/transfers", body, by="ada"))["transfer"]
    await ok(store, f"/v1/transfers/{transfer}/accept", by="ben")
    return f"transfer/{transfer}"


async def window_ended(store: Store, world: World) -> str:
    subject = (await ok(store, "/v1/windows", window(), by="lea"))["window"]
    await ok(store, f"/v1/windows/{subject}/end", {"reason": "over"}, by="lea")
    return f"window/{subject}"


async def embargo_lifted_by_two(store: Store, world: World) -> str:
    gpt = (await store.released())["gpt"]
    embargo = (await ok(store, "/v1/embargoes", until(gpt, days=3), by="ada"))["embargo"]
    path = f"/v1/embargoes/{embargo}"
    await ok(store, f"{path}/lift", {"reason": "early"}, by="lea", version=1)
    await ok(store, f"{path}/lift", {"reason": "early"}, by="lou", version=2)
    return f"embargo/{embargo}"


async def memo_edited_and_sent(store: Store, world: World) -> str:
    launch = Recorded(store).planned(in_days(10))
    memo = (await ok(store, "/v1/memos", {"launch": launch.id}, by="lea"))["subject"]
    words = {"part": "public/en", "subject": "It opens", "text": "Soon."}
    await ok(store, f"/v1/memos/{memo}/edit", words, by="lea")
    await ok(store, f"/v1/memos/{memo}/send", {"audience": "public"}, by="lea")
    return f"memo/{memo}"


async def stop_lifted(store: Store, world: World) -> str:
    stop = (await ok(store, "/v1/stops", {"scope": "store", "reason": "outage"}, by="sam"))["stop"]
    await ok(store, f"/v1/stops/{stop}/lift", {"reason": "over"}, by="lea")
    return f"stop/{stop}"


async def purge_confirmed(store: Store, world: World) -> str:
    case = await store.submitted(manifest("Short-lived"))
    await ok(store, f"/v1/submissions/{case['id']}/withdraw", by="ada")
    body = {"scope": "gpt", "target": case["gpt"], "reason": "Asked for by letter."}
    purge = (await ok(store, "/v1/purges", body, by="adam"))["subject"]
    await ok(store, f"/v1/purges/{purge}/confirm", by="una")
    await store.until(f"/v1/purges/{purge}", lambda p: p["step"] == "done", by="una")
    return f"purge/{purge}"


async def legal_hold_lifted(store: Store, world: World) -> str:
    body = {"scope": "publisher", "target": store.publishers["lumen"], "reason": "court_order"}
    hold = (await ok(store, "/v1/holds", body, by="una"))["subject"]
    await ok(store, f"/v1/holds/{hold}/lift", {"reason": "over"}, by="adam")
    return f"hold/{hold}"


async def retention_sweep(store: Store, world: World) -> str:
    return await _once(store, world, "RetentionSweep")


async def reverification(store: Store, world: World) -> str:
    publisher = (await publisher_verified(store, world)).partition("/")[2]
    await asyncio.sleep(1.2)  # the pack of these tests has proofs looked at after a second
    found = await _once(store, world, "Reverification")
    assert (await store.get(f"/v1/publishers/{publisher}", "ada")).json()["verified"]
    return found


async def zone_sweep(store: Store, world: World) -> str:
    await publisher_verified(store, world)
    return await _once(store, world, "ZoneSweep")


async def _once(store: Store, world: World, kind: str) -> str:
    """What a schedule starts, started by hand."""
    client = await Client.connect(world.settings.temporal_address, data_converter=CONVERTER)
    name = f"golden/{kind}"
    await client.execute_workflow(
        kind,
        store.settings.store,
        id=name,
        task_queue=world.settings.task_queue,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
    )
    return name


Recipe = Callable[[Store, World], Awaitable[str]]
RECIPES: Mapping[str, Recipe] = {
    recipe.__name__: recipe
    for recipe in (
        publisher_verified,
        transfer_accepted,
        window_ended,
        embargo_lifted_by_two,
        memo_edited_and_sent,
        stop_lifted,
        purge_confirmed,
        legal_hold_lifted,
        retention_sweep,
        reverification,
        zone_sweep,
    )
}


async def main(names: list[str]) -> None:
    for name in names or RECIPES:
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{folder}/golden.db"
            migrated(url)
            with World(Path(folder), url) as world:
                async with opened(world.settings, world.app) as store:
                    workflow_id = await RECIPES[name](store, world)
                    client = await Client.connect(
                        world.settings.temporal_address,
                        data_converter=CONVERTER,
                        identity="golden",
                    )
                    history = await client.get_workflow_handle(workflow_id).fetch_history()
        (FOLDER / f"{name}.json").write_text(history.to_json() + "\n", "utf-8")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))

"""What a page costs: at most a dozen queries and one screenful of rows, however much there is."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import Engine, event, update
from sqlmodel import col, select

from gonogo.db.codec import PICTURES
from gonogo.db.launches import LaunchPicture
from gonogo.db.memos import MemoPicture
from gonogo.db.session import writing
from gonogo.db.tables import GptRow, ReleasePicture, RevisionRow
from gonogo.ids import new_id
from policies.lifecycle.kernel import iso
from tests.api.store import PEOPLE, Store, manifest
from tests.api.test_inbox import fan_out
from tests.api.test_pages import Browser
from tests.launch_stories import Told
from tests.page_routes import ROUTES

MANY = 200
DOZEN = 12
# Fetched by a board beside it: it looks at everything bound and around, as a preview does.
DEAR = {"/launches/{subject}/forecast": 36}
ROWS = 60  # of a page's longest table, with its head


@dataclass(frozen=True)
class Crowd:
    """A store with much of everything; `ids` stand for what is in braces in a route's path."""

    store: Store
    ids: dict[str, dict[str, str]]


@pytest_asyncio.fixture
async def crowd(store: Store) -> AsyncIterator[Crowd]:
    release = await store.rolling(manifest("Held One"))
    case = await store.submitted(manifest("Waiting One"))
    for reason in ("unsafe", "reported"):
        stop = await store.post(
            "/v1/stops", {"scope": "gpt", "target": case["gpt"], "reason": reason}, by="sam"
        )
    listing = (await store.get(f"/v1/listings/{release['gpt']}", "lea")).json()
    engine: Engine = store.app.state.services.engine
    _multiply(engine, store, "submission", case["id"])
    _multiply(engine, store, "release", release["id"])
    _multiply(engine, store, "listing", listing["id"])
    _multiply(engine, store, "stop", stop.json()["subject"])
    launch = _launch_of_many(store, engine)
    _multiply(engine, store, "launch", launch)
    memo = await store.post("/v1/memos", {"launch": launch}, by="lea")
    _multiply(engine, store, "memo", memo.json()["subject"])
    _announced(engine, store, memo.json()["subject"])
    await _windows_and_embargoes(store, engine, str(release["gpt"]))
    hook = await store.post(
        "/v1/webhooks", {"label": "Ours", "url": "https://hooks.example/in"}, by="adam"
    )
    given = await store.submitted(manifest("Offered One"))
    await store.post(f"/v1/submissions/{given['id']}/withdraw", by="ada")
    store.id_of("ben")
    offer = await store.post(
        f"/v1/gpts/{given['gpt']}/transfers", {"to": store.publishers["marrow"]}, by="ada"
    )
    assert offer.status_code == 201, offer.text
    fan_out(store)
    entry = (await store.get("/v1/me/inbox", "ada")).json()["items"][0]["id"]
    ids = {
        "/inbox/{entry}": {"entry": entry},
        "/inbox/address/{proof}": {"proof": entry},
        "/webhooks/{webhook}": {"webhook": hook.json()["id"]},
        "/transfers/{transfer}": {"transfer": offer.json()["transfer"]},
        "/duties/{publisher}": {"publisher": store.publishers["lumen"]},
        "/launches/{subject}/pressure": {"subject": launch},
        "/memos/{memo}": {"memo": memo.json()["subject"]},
        "/launches/{subject}": {"subject": launch},
        "/launches/{subject}/plan": {"subject": launch},
        "/launches/{subject}/rehearsal": {"subject": launch},
        "/launches/{subject}/forecast": {"subject": launch},
        "/launches/{subject}/forward": {"subject": launch},
        "/launches/{subject}/postpone": {"subject": launch},
        "/submissions/{subject}": {"subject": case["id"]},
        "/reviews/{subject}": {"subject": case["id"]},
        "/releases/{subject}": {"subject": release["id"]},
        "/gpts/{gpt}": {"gpt": release["gpt"]},
        "/publishers/{publisher}": {"publisher": store.publishers["lumen"]},
        "/people/{person}": {"person": store.id_of("ada")},
    }
    yield Crowd(store, ids)


async def _windows_and_embargoes(store: Store, engine: Engine, gpt: str) -> None:
    begins, ends = (datetime.now(UTC) + timedelta(days=n) for n in (1, 9))
    body = {"kind": "deny", "tz": "UTC", "scope": "gpt", "target": gpt, "reason": "Holidays."}
    body |= {"begins": f"{begins:%Y-%m-%dT%H:%M}", "ends": f"{ends:%Y-%m-%dT%H:%M}"}
    window = await store.post("/v1/windows", body, by="lea")
    _multiply(engine, store, "window", window.json()["window"])
    held = {"gpt": gpt, "not_before": f"{ends:%Y-%m-%d}", "reason": "Press."}
    embargo = await store.post("/v1/embargoes", held, by="ada")
    _multiply(engine, store, "embargo", embargo.json()["embargo"])


def _launch_of_many(store: Store, engine: Engine) -> str:
    """A launch at its poll, of every copied release."""
    told = Told(store, "Opening of everything", datetime.now(UTC) + timedelta(seconds=60)).polled()
    told.vote("pia", "policy_editor", "NO_GO", "Not yet.")
    with writing(engine) as session:
        session.execute(
            update(ReleasePicture)
            .where(
                col(ReleasePicture.store_id) == store.settings.store,
                col(ReleasePicture.id) != told.subject,
            )
            .values(launch=told.subject, wave=1, importance="should", phase="bound")
        )
    return told.subject


def _announced(engine: Engine, store: Store, memo: str) -> None:
    """Every launch has a memo that everybody was sent, and one of them has very many."""
    now = datetime.now(UTC)
    with writing(engine) as session:
        row = session.get(MemoPicture, (store.settings.store, memo))
        assert row is not None
        ids = select(LaunchPicture.id).where(LaunchPicture.store_id == store.settings.store)
        launches = list(session.exec(ids))
        for number, launch in enumerate([*launches, *[row.launch] * MANY]):
            own, at = new_id("mem"), now - timedelta(minutes=number)
            sent = {"public": {"by": "per_lea", "at": iso(at)}}
            state = {**row.state, "id": own, "launch": launch, "sent": sent, "status": "sent"}
            changed = {"id": own, "launch": launch, "public_at": at, "status": "sent"}
            session.add(MemoPicture(**{**row.model_dump(), **changed, "state": state}))


def _multiply(engine: Engine, store: Store, kind: str, subject: str) -> None:
    """`MANY` subjects like this one, of as many GPTs, a quarter of them of other publishers."""
    now = datetime.now(UTC)
    with writing(engine) as session:
        row: Any = session.get(PICTURES[kind], (store.settings.store, subject))
        values = row.model_dump()
        for number in range(MANY):
            own = new_id(subject.partition("_")[0])
            mine = number % 4 != 0
            publisher = values.get("publisher") if mine else f"pub_{kind}_{number}"
            gpt = new_id("gpt")
            changed: dict[str, Any] = {"id": own, "gpt": gpt, "publisher": publisher}
            changed = {key: value for key, value in changed.items() if key in values}
            state = {**values["state"], **{k: v for k, v in changed.items() if k in row.state}}
            if kind == "submission":
                changed["due_at"] = now + timedelta(minutes=number)
                state["due_at"] = iso(changed["due_at"])
            session.add(PICTURES[kind](**{**values, **changed, "state": state}))
            if "gpt" not in values:
                continue
            about: dict[str, Any] = {
                "store_id": store.settings.store,
                "name": f"Copy {number} of {kind}",
            }
            session.add(
                GptRow(**about, id=gpt, publisher=publisher, category="other", created_at=now)
            )
            session.add(
                RevisionRow(
                    **about,
                    gpt=gpt,
                    digest="0" * 64,
                    description="d",
                    category="other",
                    created_at=now,
                )
            )


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The statements of one engine, transactions aside."""
    found: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if not statement.upper().startswith(("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA")):
            found.append(" ".join(statement.split()))

    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


async def test_no_page_asks_the_database_more_than_a_dozen_times(crowd: Crowd) -> None:
    store = crowd.store
    dear: list[str] = []
    visited: set[str] = set()
    for route in ROUTES:
        assert "{" not in route or route in crowd.ids, f"say in `crowd` what {route} is about"
        path = route.format(**crowd.ids.get(route, {}))
        for by in (None, *PEOPLE):
            browser = Browser(store, by)
            for _ in range(
                2
            ):  # what is read once per process, such as a pack, is read by the first
                with counted(store.app.state.services.engine) as asked:
                    answer = await browser.visit(path)
                if len(asked) <= DEAR.get(route, DOZEN):
                    break
            if answer.status_code == 200:
                visited.add(route)
            if len(asked) > DEAR.get(route, DOZEN):
                dear.append(f"{path} as {by}: {len(asked)}\n" + "\n".join(q[:140] for q in asked))
            rows = answer.text.count("<tr")
            if rows > ROWS * 2:
                dear.append(f"{path} as {by}: {rows} rows")

    assert not dear, "\n".join(dear)
    assert {
        "/announcements",
        "/mine",
        "/reviews",
        "/releases",
        "/stops",
        "/windows",
        *crowd.ids,
    } <= visited


async def test_items_of_a_launch_are_turned_over(crowd: Crowd) -> None:
    browser = Browser(crowd.store, "lea")
    path = f"/launches/{crowd.ids['/launches/{subject}']['subject']}"
    seen: set[str] = set()
    start: int | None = 0
    while start is not None:
        page = await browser.page(f"{path}?start={start}")
        items = {link for link in page.links if link.startswith("/releases/")}
        assert not items & seen
        seen |= items
        turns = [one.partition("start=")[2].partition("#")[0] for one in page.links]
        start = next((int(one) for one in turns if one and int(one) > start), None)

    assert len(seen) > MANY


async def test_lists_go_on_where_they_end(crowd: Crowd) -> None:
    for by, path in _HEADS_OF:
        browser = Browser(crowd.store, by)
        seen: set[str] = set()
        here: str | None = path
        for _ in range(30):
            if here is None:
                break
            page = await browser.page(here)
            heads = {
                link
                for link in page.links
                if link.startswith(f"/{_HEADS[path]}/") and not link.endswith("/new")
            }
            assert not heads & seen
            seen |= heads
            here = next((link for link in page.links if link.startswith(f"{path}?cursor=")), None)
        assert here is None
        assert len(seen) > MANY / 2


_HEADS_OF = (
    ("ada", "/mine"),
    ("rita", "/reviews"),
    ("lea", "/releases"),
    ("lea", "/launches"),
)
_HEADS = {
    "/mine": "gpts",
    "/reviews": "reviews",
    "/releases": "releases",
    "/launches": "launches",
}


@pytest.mark.parametrize(
    "path", ["/mine", "/reviews", "/releases", "/launches", "/stops", "/catalogue"]
)
async def test_a_cursor_of_another_list_is_refused(store: Store, path: str) -> None:
    answer = await Browser(store, "lea").visit(f"{path}?cursor=bm90LWEtY3Vyc29y")

    assert answer.status_code == 400

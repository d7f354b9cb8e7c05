"""Server and worker die after the commit and before history knows; then the rules change."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from gonogo.audit.installation import verify_here
from gonogo.db.identity import Identity
from gonogo.db.ledger import Ledger
from gonogo.db.session import engine_of, migrate
from gonogo.recovery import rebuild
from gonogo.up import base_url
from tests.e2e.stack import Stack, settings_in, stack
from tests.fake_model import FakeModel, Reply

SAMPLE = Path(__file__).parents[2] / "samples" / "maths-tutor"
FILES = [
    ("files", (str(p.relative_to(SAMPLE)), p.read_bytes()))
    for p in SAMPLE.rglob("*")
    if p.is_file()
]


class Person:
    """Sends commands under fixed Idempotency-Keys, and patiently: parts are being killed."""

    def __init__(self, running: Stack, token: str) -> None:
        self.http = httpx.AsyncClient(
            base_url=base_url(running.settings),
            timeout=40,
            headers={"Authorization": f"Bearer {token}"},
        )

    async def submit(self) -> httpx.Response:
        return await self._give("submit", "/v1/submissions", files=FILES)

    async def claim(self, subject: str) -> httpx.Response:
        return await self._give("claim", f"/v1/reviews/{subject}/claim")

    async def approve(self, case: dict[str, Any]) -> httpx.Response:
        return await self._give(
            "approve",
            f"/v1/reviews/{case['id']}/decisions",
            json={
                "verdict": "approve",
                "digest": case["digest"],
                "note": "ok",
                "checklist": ["purpose", "conduct", "data"],
            },
            headers={"If-Match": f'"{case["version"]}"'},
        )

    async def _give(self, key: str, path: str, **how: Any) -> httpx.Response:
        headers = {"Idempotency-Key": key, **how.pop("headers", {})}
        response = await self.http.post(path, headers=headers, **how)
        for _ in range(3):  # taken, not answered in time: a restarted worker needs a moment
            if response.status_code == 202 and response.json()["status"] == "pending":
                response = await self.http.get(response.headers["Location"])
        return response

    async def until(self, subject: str, stage: str) -> dict[str, Any]:
        for _ in range(600):
            case: dict[str, Any] = (await self.http.get(f"/v1/submissions/{subject}")).json()
            if case["stage"] == stage:
                return case
            await asyncio.sleep(0.1)
        raise AssertionError(f"still {case['stage']}, not {stage}")


@pytest.mark.slow
@pytest.mark.parametrize("fatal", ["submit", "tested", "claim", "approve"])
async def test_workflow_and_record_agree_after_a_kill_between_commit_and_history(
    fatal: str, tmp_path: Path, database_url: str
) -> None:
    with FakeModel(
        lambda ask: Reply("Let us work it out together, step by step.", model="gpt-4o-mini")
    ) as model:
        settings = settings_in(
            tmp_path,
            database_url=database_url,
            model_url=model.url,
            model="gpt-4o-mini",
            answer_s=3.0,
        )
        engine = engine_of(settings.database)
        migrate(engine)
        identity = Identity(engine, settings.store)
        identity.ensure_store("Test")
        publisher = identity.add_publisher("P", verified=True)
        ada = identity.add_person("Ada", ("developer",), (publisher,))
        rui = identity.add_person("Rui", ("reviewer",))

        async with stack(settings) as running:
            temporal = await running.start("temporal")
            await running.start("worker", "tests.e2e.doomed_worker", fatal, str(temporal.pid))
            await running.start("api")
            developer = Person(running, identity.issue_token(ada, "t"))
            reviewer = Person(running, identity.issue_token(rui, "t"))

            async def after_the_kill(kind: str) -> bool:
                """Whether `kind` was the fatal command; then both are up again, rules changed."""
                if kind != fatal:
                    return False
                assert await running.ended("worker") == -9
                await running.start("temporal")
                await running.start("worker", "tests.e2e.other_rules_worker")
                return True

            submitted = await developer.submit()
            if await after_the_kill("submit"):
                submitted = await developer.submit()
            subject = submitted.json()["subject"]
            await after_the_kill("tested")
            await developer.until(subject, "queued")
            claimed = await reviewer.claim(subject)
            if await after_the_kill("claim"):
                claimed = await reviewer.claim(subject)
            case = await developer.until(subject, "in_review")
            decided = await reviewer.approve(case)
            if await after_the_kill("approve"):
                decided = await reviewer.approve(case)
            await developer.http.aclose()
            await reviewer.http.aclose()

        events = Ledger(engine, settings.mac_key()).events(settings.store, subject)
        assert claimed.json()["stage"] == "in_review"
        assert claimed.json()["lease_until"] == events[3].body["lease_until"]
        if fatal == "approve":  # recorded under the old rules: it stands
            assert (decided.status_code, decided.json()["stage"]) == (200, "approved")
        else:  # the rules that are in force now forbid it
            assert decided.status_code == 409
            assert decided.json()["type"].endswith("/illegal-move")
        assert len({event.command_id for event in events}) == len(events)
        assert verify_here(settings, engine).faults == []
        assert rebuild(engine, settings.store).differences == []
        engine.dispose()

"""Server and worker die after the commit and before history knows; then the rules change."""

from pathlib import Path

import httpx
import pytest

from gonogo.db.codec import PICTURES, state_of
from gonogo.db.identity import Identity
from gonogo.db.session import engine_of, migrate, reading
from gonogo.recovery import rebuild, verify_chain
from gonogo.temporal import connect
from gonogo.up import base_url
from tests.e2e.stack import Stack, settings_in, stack
from tests.fake_model import FakeModel, Reply

SAMPLE = Path(__file__).parents[2] / "samples" / "maths-tutor"
FILES = [("files", (str(p.relative_to(SAMPLE)), p.read_bytes()))
         for p in SAMPLE.rglob("*") if p.is_file()]


class Person:
    def __init__(self, stack: Stack, token: str) -> None:
        self.http = httpx.AsyncClient(base_url=base_url(stack.settings), timeout=40,
                                      headers={"Authorization": f"Bearer {token}"})

    async def post(self, path: str, key: str, **how: object) -> httpx.Response:
        headers = {"Idempotency-Key": key, **how.pop("headers", {})}  # type: ignore[dict-item]
        return await self.http.post(path, headers=headers, **how)  # type: ignore[arg-type]


async def case_of(person: Person, subject: str, *stages: str) -> dict[str, object]:
    """The case once it is in one of `stages`."""
    for _ in range(300):
        case: dict[str, object] = (await person.http.get(f"/v1/submissions/{subject}")).json()
        if case["stage"] in stages:
            return case
        import asyncio
        await asyncio.sleep(0.1)
    raise AssertionError(f"still {case['stage']}")


@pytest.mark.slow
@pytest.mark.parametrize("fatal", ["submit", "tested", "claim", "approve"])
async def test_workflow_and_record_agree_after_a_kill_between_commit_and_history(
    fatal: str, tmp_path: Path
) -> None:
    with FakeModel(lambda ask: Reply("Let us work it out together, step by step.")) as model:
        settings = settings_in(tmp_path, model_url=model.url, model="gpt-4o-mini", answer_s=3.0)
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

            async def restart_with_other_rules() -> None:
                assert await running.ended("worker") == -9
                await running.start("temporal")
                await running.start("worker", "tests.e2e.other_rules_worker")

            submitted = await developer.post("/v1/submissions", "submit", files=FILES)
            if fatal == "submit":
                await restart_with_other_rules()
                submitted = await developer.post("/v1/submissions", "submit", files=FILES)
            subject = submitted.json()["subject"]
            if fatal == "tested":
                await restart_with_other_rules()
            case = await case_of(developer, subject, "queued")

            claimed = await reviewer.post(f"/v1/reviews/{subject}/claim", "claim")
            if fatal == "claim":
                await restart_with_other_rules()
                claimed = await reviewer.post(f"/v1/reviews/{subject}/claim", "claim")
            case = await case_of(developer, subject, "in_review")
            decision = {"json": {"verdict": "approve", "digest": case["digest"], "note": "ok",
                                 "checklist": ["purpose", "conduct", "data"]},
                        "headers": {"If-Match": f'"{case["version"]}"'}}
            decided = await reviewer.post(f"/v1/reviews/{subject}/decisions", "ok", **decision)
            if fatal == "approve":
                await restart_with_other_rules()
                decided = await reviewer.post(f"/v1/reviews/{subject}/decisions", "ok", **decision)
                case = await case_of(developer, subject, "approved")
                assert decided.status_code == 200, decided.text
            else:
                # The rules that are in force now forbid it, and the record agrees.
                assert decided.status_code == 409, decided.text
                assert decided.json()["type"].endswith("/illegal-move")

            client = await connect(settings)
            described = await client.get_workflow_handle(
                f"case/{settings.store}/{case['gpt']}").describe()
            assert described.status is not None and described.status.name == (
                "RUNNING" if fatal != "approve" else described.status.name)

        assert claimed.json()["stage"] == "in_review"
        assert verify_chain(engine, settings.store) == []
        assert rebuild(engine, settings.store).differences == []
        with reading(engine) as session:
            row = session.get(PICTURES["submission"], (settings.store, subject))
            state = state_of("submission", row.state)  # type: ignore[union-attr]
        assert len({e.command_id for e in _events(engine, settings.store, subject)}) == state.seq


def _events(engine, store, subject):  # type: ignore[no-untyped-def]
    from gonogo.db.ledger import Ledger

    return Ledger(engine, b"").events(store, subject)

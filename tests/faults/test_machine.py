"""Random people give random commands to the real API; a small model says what has to happen.

Real HTTP, worker, Temporal, database and model server. After every step the case shows what the
model holds; at the end of every story the events are gapless and chained, the picture is their
fold, and the catalogue serves what was released, approved and not stopped, and nothing else.
"""

import functools
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import func, select

from api.app import create_app
from gonogo.audit.installation import verify_here
from gonogo.db.session import reading
from gonogo.db.tables import CommandRow, EventRow, OutboxRow
from gonogo.ids import new_id
from gonogo.recovery import rebuild
from tests.api.world import World
from tests.browser.api_server import ApiServer
from tests.faults.driver import People, bundle
from tests.faults.model import OPEN, PEOPLE, PUBLISHER, REVIEWERS, STAGES, Case, Listed, Order

JUDGING = ("approve", "reject", "request_changes", "ask", "confirm", "disagree", "undo")
BOUND = ("approve", "reject", "request_changes", "confirm", "disagree")
people = st.sampled_from(PEOPLE)
developers = st.sampled_from(sorted(PUBLISHER))
pick = st.integers(0, 30)
mostly = st.sampled_from((True, True, True, False))


class Story(RuleBasedStateMachine):
    """One store, a few GPTs, whoever does whatever."""

    def __init__(self, api: ApiServer, world: World) -> None:
        super().__init__()
        own = world.settings.model_copy(update={"store": new_id("sto")})
        self.api, self.services = api, api.serve(own)
        self.http = httpx.Client(base_url=api.url, timeout=90)
        self.people = People(self.services, self.http)
        self.cases: list[Case] = []
        self.listed: dict[str, Listed] = {}
        self.stops: list[Order] = []
        self.answered: list[tuple[Callable[[], httpx.Response], int, Any]] = []
        self.edition = itertools.count(1)

    def teardown(self) -> None:
        try:
            self._the_record_is_whole()
        finally:
            self.http.close()
            self.api.close(self.services)

    # ------------------------------------------------------------------ what people do

    @initialize()
    def move_in(self) -> None:
        self.people.settle_in()
        for by, high in (("ada", False), ("ben", True), ("twin", False)):
            self._submitted(by, high)

    @precondition(lambda self: len(self.cases) < 5)
    @rule(by=developers, high=st.booleans())
    def submit(self, by: str, high: bool) -> None:
        self._submitted(by, high)

    def _submitted(self, by: str, high: bool) -> None:
        number = next(self.edition)
        files = bundle(f"Guide {number}", high=high)
        answer = self._send("/v1/submissions", {"files": files}, by)

        assert answer.status_code in (201, 202), answer.text
        told = answer.json()
        publisher = PUBLISHER[by]
        self.cases.append(Case(told["subject"], told["gpt"], publisher, told["digest"], high))
        self._arrived(self.cases[-1])

    @precondition(lambda self: self.cases)
    @rule(which=pick, by=people, same=st.booleans())
    def another_digest(self, which: int, by: str, same: bool) -> None:
        """S12, S20: a new round while open. A case that is over takes none."""
        case = self._case(which)
        if case.stage not in OPEN:
            return
        name = f"Round {case.id[-6:]}"
        edition = 1 if same else next(self.edition)
        body = {"gpt": case.gpt, "files": bundle(name, high=case.high, edition=edition)}
        answer = self._send("/v1/submissions", body, by)

        if PUBLISHER.get(by) != case.publisher:
            assert answer.status_code in (403, 404, 422), answer.text
            return
        if answer.status_code == 409:
            assert answer.json()["type"] == "/problems/illegal-move", answer.text
            assert same, answer.text
            return
        assert answer.status_code in (201, 202), answer.text
        assert answer.json()["subject"] == case.id
        assert answer.json()["digest"] != case.digest
        case.new_round(answer.json()["digest"])
        self._arrived(case)

    @precondition(lambda self: self.cases)
    @rule(which=pick, by=st.sampled_from(("rita", "rolf", "rita", "rolf", "twin", "lea")))
    def claim(self, which: int, by: str) -> None:
        case = self._case(which, "queued")
        held = sum(one.claimant == by for one in self.cases if one is not case)
        self._command(case, "claim", by, f"/v1/reviews/{case.id}/claim", held=held)

    @precondition(lambda self: self.cases)
    @rule(which=pick, verdict=st.sampled_from(JUDGING), by=people, right=mostly)
    def judge(self, which: int, verdict: str, by: str, right: bool) -> None:
        """By anybody about anything; most of the time by the one whose turn it is."""
        case = self._case(which, *(STAGES[verdict] if right else ()))
        if right and case.claimant:
            by = case.claimant
        elif right and case.stage == "held":
            by = next((r for r in REVIEWERS if not case.refusals(verdict, r)), by)
        elif right and case.decided_by:
            by = case.decided_by[-1]
        seen, key = self.people.case(case.id), new_id("key")
        refusals = case.refusals(verdict, by)
        answer = self.people.decide(seen, verdict, by, key)
        self.answered.append(
            (lambda: self.people.decide(seen, verdict, by, key), answer.status_code, answer.json())
        )
        if verdict == "undo" and not refusals and answer.status_code == 409:
            # The second in which it could be undone is over.
            assert self.people.case(case.id)["settled"]
            case.decided_by = ()
            return
        self._compare(case, verdict, by, refusals, answer)

    @precondition(lambda self: any(case.claimant for case in self.cases))
    @rule(which=pick, verdict=st.sampled_from(BOUND), by=st.sampled_from(REVIEWERS))
    def judge_what_is_no_more(self, which: int, verdict: str, by: str) -> None:
        """I1: on another digest, and on another version."""
        case = self._case(which, "in_review", "held")
        seen = self.people.case(case.id)

        digest = self.people.decide({**seen, "digest": "0" * 64}, verdict, by)
        version = self.people.decide({**seen, "version": seen["version"] - 1}, verdict, by)

        assert digest.status_code == 409, digest.text
        assert digest.json()["type"] == "/problems/stale-decision", digest.text
        assert version.status_code == 412, version.text

    @precondition(lambda self: self.cases)
    @rule(
        which=pick,
        kind=st.sampled_from(("answer", "withdraw", "release_claim")),
        by=people,
        right=mostly,
    )
    def say(self, which: int, kind: str, by: str, right: bool) -> None:
        case = self._case(which, *(STAGES[kind] if right and kind == "answer" else ()))
        if right and kind == "answer":
            by = "ada" if case.publisher == "lumen" else "ben"
        path = {
            "answer": f"/v1/submissions/{case.id}/answer",
            "withdraw": f"/v1/submissions/{case.id}/withdraw",
            "release_claim": f"/v1/reviews/{case.id}/release",
        }[kind]
        body = {"note": "Because."} if kind == "answer" else None
        self._command(case, kind, by, path, body)

    @precondition(lambda self: any(case.stage == "approved" for case in self.cases))
    @rule(which=pick)
    def release(self, which: int) -> None:
        """What was approved goes to everyone."""
        ready = [case for case in self.cases if case.stage == "approved" and not case.released]
        if not ready:
            return
        case = ready[which % len(ready)]
        settled = self.people.until(f"/v1/submissions/{case.id}", lambda c: bool(c["release"]))
        path = f"/v1/releases/{settled['release']}"
        seen = self.people.until(path, lambda r: r.get("phase") == "ready")
        answer = self.people.send(f"{path}/start", None, "lea", version=seen["version"])
        case.decided_by, case.released = (), True
        if self._is_stopped(case):
            assert answer.status_code == 409, answer.text
            assert answer.json()["type"] == "/problems/evidence-blocks", answer.text
            case.released = False
            return
        assert answer.status_code == 200, answer.text
        self.people.until(path, lambda r: r["phase"] == "completed")
        self.listed[case.gpt] = Listed(case.gpt, case.publisher, case.digest)

    @precondition(lambda self: self.listed)
    @rule(
        which=pick,
        kind=st.sampled_from(("unlist", "relist", "quarantine", "lift-quarantine")),
        by=people,
    )
    def move_listing(self, which: int, kind: str, by: str) -> None:
        one = list(self.listed.values())[which % len(self.listed)]
        body = {"reason": "harm"} if kind == "quarantine" else None
        body = {"note": "Mended."} if kind == "lift-quarantine" else body
        blocked = kind == "relist" and self._covered(one)
        answer = self._send(f"/v1/listings/{one.gpt}/{kind}", body, by)

        if one.may(kind, by) and not blocked:
            assert answer.status_code == 200, answer.text
            one.take(kind)
        else:
            assert answer.status_code in (403, 404, 409), answer.text

    @rule(
        scope=st.sampled_from(("gpt", "publisher", "revision", "store")),
        which=pick,
        by=st.sampled_from(("sam", "lea", "rita", "ada")),
    )
    @precondition(lambda self: self.cases and not self.stops)
    def stop(self, scope: str, which: int, by: str) -> None:
        case = self._case(which)
        publisher = self.people.publishers[case.publisher]
        target = {"gpt": case.gpt, "publisher": publisher, "revision": case.digest}.get(scope)
        body = {"scope": scope, "reason": "harm", **({"target": target} if target else {})}
        answer = self._send("/v1/stops", body, by)

        if by not in ("sam", "lea"):
            assert answer.status_code == 403, answer.text
            return
        assert answer.status_code == 201, answer.text
        self.stops.append(Order(answer.json()["subject"], scope, target or "", by))

    @precondition(lambda self: self.stops)
    @rule(which=pick, by=st.sampled_from(("sam", "lea", "rita")))
    def lift(self, which: int, by: str) -> None:
        order = self.stops[which % len(self.stops)]
        answer = self._send(f"/v1/stops/{order.id}/lift", {"reason": "mended"}, by)

        if by == "rita" or (order.scope in ("publisher", "store") and order.by == by):
            assert answer.status_code == 403, answer.text
            return
        assert answer.status_code == 200, answer.text
        self.stops.remove(order)

    @precondition(lambda self: self.answered)
    @rule(which=pick)
    def repeat(self, which: int) -> None:
        """I8: the same key gets the first answer, whatever happened since."""
        again, status, told = self.answered[which % len(self.answered)]
        if status in (412, 422, 428) or status >= 500:
            return  # refused before there was a command
        answer = again()

        if status < 400:
            assert (answer.status_code, answer.json()) == (status, told)
        else:
            assert answer.status_code >= 400, answer.text

    # ------------------------------------------------------------------ what must hold

    @invariant()
    def cases_stand_where_the_model_says(self) -> None:
        for case in self.cases:
            seen = self.people.case(case.id)
            claimant = self.people.ids[case.claimant] if case.claimant else None
            assert (seen["stage"], seen["round"], seen["digest"], seen["claimant"]) == (
                case.stage,
                case.round,
                case.digest,
                claimant,
            )

    @invariant()
    def only_what_may_be_served_is_served(self) -> None:
        for case in self.cases:
            found = self.people.get(f"/v1/catalogue/{case.gpt}/resolve", None, unit="u")
            serving = found.json().get("serving", "none")
            one = self.listed.get(case.gpt)
            if one is None or one.status != "listed" or self._covered(one):
                assert serving == "none", found.text
            else:
                assert found.json()["digest"] == one.digest, found.text

    # ------------------------------------------------------------------ how it is done

    def _case(self, which: int, *stages: str) -> Case:
        """One of those in `stages`, if there are any; else one of all."""
        among = [case for case in self.cases if case.stage in stages] or self.cases
        return among[which % len(among)]

    def _send(self, path: str, body: Any, by: str) -> httpx.Response:
        key = new_id("key")
        answer = self.people.send(path, body, by, key=key)
        again = functools.partial(self.people.send, path, body, by, key=key)
        self.answered.append((again, answer.status_code, answer.json()))
        return answer

    def _command(
        self, case: Case, kind: str, by: str, path: str, body: Any = None, held: int = 0
    ) -> None:
        refusals = case.refusals(kind, by, held)
        self._compare(case, kind, by, refusals, self._send(path, body, by))

    def _compare(
        self, case: Case, kind: str, by: str, refusals: set[str], answer: httpx.Response
    ) -> None:
        if not refusals:
            assert answer.status_code == 200, (kind, by, case, answer.text)
            case.take(kind, by)
            return
        assert answer.status_code in (403, 404, 409), (kind, by, case, answer.text)
        code = answer.json()["type"].removeprefix("/problems/")
        assert code in refusals | {"not-found"}, (kind, by, case, refusals, answer.text)

    def _arrived(self, case: Case) -> None:
        self.people.until(
            f"/v1/submissions/{case.id}",
            lambda c: c["stage"] not in ("validating", "testing") and c["round"] == case.round,
        )

    def _covered(self, one: Listed) -> bool:
        publisher = self.people.publishers[one.publisher]
        return any(order.covers(one.gpt, publisher, one.digest) for order in self.stops)

    def _is_stopped(self, case: Case) -> bool:
        publisher = self.people.publishers[case.publisher]
        return any(order.covers(case.gpt, publisher, case.digest) for order in self.stops)

    def _the_record_is_whole(self) -> None:
        engine, store = self.services.engine, self.services.store
        report = verify_here(self.services.settings, engine)
        assert report.ok, report.as_value()
        assert rebuild(engine, store).differences == []
        with reading(engine) as session:
            counts = [
                session.exec(select(func.count()).where(row.store_id == store)).one()
                for row in (EventRow, OutboxRow)
            ]
            pending = session.exec(
                select(CommandRow.kind, CommandRow.subject).where(
                    CommandRow.store_id == store, CommandRow.status == "pending"
                )
            ).all()
        assert counts[0] == counts[1]
        assert list(pending) == []


@pytest.fixture(scope="module")
def api(world: World) -> Iterator[ApiServer]:
    with ApiServer(create_app(world.settings)) as built:
        yield built


def _tell(api: ApiServer, world: World, stories: int, steps: int) -> None:
    run_state_machine_as_test(
        functools.partial(Story, api, world),  # type: ignore[arg-type]  # any factory will do
        settings=settings(
            max_examples=stories,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            # What happened in a store cannot be made to happen again in a smaller one for free.
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_few_stories_go_as_the_model_says(api: ApiServer, world: World) -> None:
    _tell(api, world, stories=3, steps=25)


@pytest.mark.slow
def test_many_stories_go_as_the_model_says(api: ApiServer, world: World) -> None:
    _tell(api, world, stories=20, steps=40)

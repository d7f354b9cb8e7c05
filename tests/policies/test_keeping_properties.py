"""Random commands to publishers, requests to erase and legal holds: what holds after every step."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from policies.errors import Refused
from policies.lifecycle import hold, publisher, purge
from policies.lifecycle.hold import Hold
from policies.lifecycle.kernel import Actor, Role
from policies.lifecycle.machines import fold
from policies.lifecycle.publisher import LEGAL, SYSTEM_COMMANDS
from policies.lifecycle.publisher_state import HOLDS, OWNER, Publisher, Standing
from policies.lifecycle.purge import Purge, Step
from tests.builders import ADA, ALF, CAST, EVE, PUBLISHER, Journal
from tests.policies.publishers import HIDDEN, LOOK, SHOWN, publisher_body, shown
from tests.policies.states import SYS

KEEPERS = {a.id for a in CAST if {Role.ADMINISTRATOR, Role.AUDITOR} & set(a.roles)}
STAFFS_WORD = ("attest", "revoke", "reinstate", "add_member")
actors = st.sampled_from(CAST)
gaps = st.sampled_from([0, 61, 3_600, 90_000, 700_000, 2_700_000, 40_000_000])  # seconds
persons = st.sampled_from([ADA.id, ALF.id, EVE.id, "per_new"])
changes: st.SearchStrategy[dict[str, Any]] = st.builds(
    lambda person, role, extra: {"person": person, "role": role, **extra},
    persons,
    st.sampled_from(["owner", "member", "king"]),
    st.sampled_from([{}, {}, {"reason": ""}, {"domain": "prose:other"}, {"limit": 3}]),
)
looks = st.sampled_from([SHOWN, SHOWN, HIDDEN, shown("prose:other"), {"proof": {}}, {}])


class APublisher(RuleBasedStateMachine):
    """One publisher under fire, founded by a developer."""

    def __init__(self) -> None:
        super().__init__()
        self.road: Journal[Publisher] = Journal(publisher.MACHINE, PUBLISHER)
        self.road.give("found", ADA, publisher_body("found"))

    @rule(kind=st.sampled_from(sorted(LEGAL)), actor=actors, gap=gaps, change=changes, look=looks)
    def give(
        self, kind: str, actor: Actor, gap: int, change: dict[str, Any], look: Mapping[str, Any]
    ) -> None:
        self.step(kind, SYS if kind in SYSTEM_COMMANDS else actor, gap, change, look)

    @rule(data=st.data(), gap=gaps, change=changes, look=looks)
    def give_what_is_permitted(
        self, data: st.DataObject, gap: int, change: dict[str, Any], look: Mapping[str, Any]
    ) -> None:
        """Most random commands are refused; this rule goes where something happens."""
        self.road.wait(seconds=gap)
        open_to = []
        for actor in CAST:
            for kind in LEGAL:
                try:
                    publisher.MACHINE.permit(self.road.state, kind, actor, self.road.now)
                except Refused:
                    continue
                # Closing ends the story, so it is left to the other rule.
                open_to += [(kind, actor)] if kind != "close" else []
        if open_to:
            kind, actor = data.draw(st.sampled_from(open_to))
            self.step(kind, actor, 0, change, look)

    def step(
        self, kind: str, actor: Actor, gap: int, change: Mapping[str, Any], look: Mapping[str, Any]
    ) -> None:
        before = self.road.wait(seconds=gap).state
        try:
            after = self.road.give(kind, actor, {**publisher_body(kind), **change}, **look)
        except Refused:
            assert self.road.state is before
            return
        if kind in STAFFS_WORD:  # I2: nobody vouches for, judges or fills their own publisher
            assert actor.id not in before.members
        if kind == "reinstate":
            assert actor.id != before.revoked_by
        if before.revoked_by is not None and after.holds:
            assert kind in ("attest", "reinstate")  # never a domain alone
        if kind in ("check", "recheck") and after.holds and after.verified_at != before.verified_at:
            proof = look["proof"]  # I7: somebody looked at just that domain, and found it
            assert (proof["domain"], bool(proof["method"])) == (after.domain, True)
        if before.holds and not after.holds and kind == "recheck":
            assert before.grace_until is not None  # I4: a look in vain begins a grace, and no more
            assert self.road.now >= before.grace_until

    @invariant()
    def what_holds_has_a_ground_and_what_was_revoked_holds_not(self) -> None:
        state = self.road.state
        assert state.holds is (state.standing in HOLDS)
        if state.holds:
            assert state.method in ("domain", "name", "operator")
            assert state.revoked_by is None
        assert (state.grace_until is not None) is (state.standing is Standing.LAPSING)

    @invariant()
    def somebody_owns_what_is_open_and_nobody_belongs_to_what_is_closed(self) -> None:
        state = self.road.state
        assert not state.members.keys() & state.invited.keys()
        if state.standing is Standing.CLOSED:
            assert not state.members
            assert not state.invited
        else:
            assert OWNER in state.members.values()

    @invariant()
    def looks_in_vain_are_counted_to_their_limit(self) -> None:
        assert self.road.state.tries is None or self.road.state.tries.count <= LOOK["checks_most"]

    @invariant()
    def the_state_is_the_fold(self) -> None:
        assert fold("publisher", self.road.events) == self.road.state


ASK = {"scope": "gpt", "target": "gpt_a", "reason": "request", "note": None}
DONE = {"erased": {"prose": 1}, "kept": {"prose": 0}, "root": "r" * 64}
BODIES: Mapping[str, dict[str, Any]] = {
    "ask": ASK, "place": ASK, "lift": {"reason": "over"}, "decline": {"reason": "no"},
    "finish": DONE, "sweep": DONE,
}  # fmt: skip


wishes = st.sampled_from(["ask", "confirm", "decline", "finish", "sweep", "bless"])
lacks: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {}, {}, {"reason": ""}, {"scope": "store"}]
)


class ARequest(RuleBasedStateMachine):
    """Requests to erase, one after another, and a hold beside each."""

    def __init__(self) -> None:
        super().__init__()
        self.begin()

    @rule()
    def begin(self) -> None:
        self.wish: Journal[Purge] = Journal(purge.MACHINE, "prg_1")
        self.hold: Journal[Hold] = Journal(hold.MACHINE, "hld_1")
        self.steps: list[Step] = []

    @rule(kind=wishes, actor=actors, short=lacks)
    def wish_for(self, kind: str, actor: Actor, short: dict[str, Any]) -> None:
        before = self.wish.past
        try:
            after = self.wish.give(kind, actor, BODIES.get(kind, {}) | short)
        except Refused:
            assert self.wish.past is before
            return
        self.steps.append(after.step)
        assert actor.is_system is (kind in ("finish", "sweep"))
        assert actor.is_system or actor.id in KEEPERS

    @rule(kind=st.sampled_from(["place", "lift"]), actor=actors,
          short=st.sampled_from([{}, {}, {"reason": ""}]))  # fmt: skip
    def holds(self, kind: str, actor: Actor, short: dict[str, Any]) -> None:
        before = self.hold.past
        try:
            self.hold.give(kind, actor, BODIES[kind] | short)
        except Refused:
            assert self.hold.past is before
            return
        assert actor.id in KEEPERS

    @invariant()
    def i2_nothing_is_erased_by_one_voice(self) -> None:
        state = self.wish.past
        if state is None:
            return
        assert state.confirmed_by != state.asked_by
        if state.step is Step.DONE:
            assert state.scope == "retention" or state.confirmed_by in KEEPERS
        if state.step is Step.ASKED:
            assert state.confirmed_by is None

    @invariant()
    def i2_no_hold_is_lifted_by_whoever_placed_it(self) -> None:
        state = self.hold.past
        if state is not None:
            assert state.lifted_by != state.placed_by
            assert (state.status == "lifted") is (state.lifted_by is not None)

    @invariant()
    def every_move_is_in_the_table_and_what_is_final_stays(self) -> None:
        for one, two in zip(self.steps, self.steps[1:], strict=False):
            assert two in purge.NEXT[one]

    @invariant()
    def the_states_are_the_folds(self) -> None:
        assert fold("purge", self.wish.events) == self.wish.past
        assert fold("hold", self.hold.events) == self.hold.past


TestI2I4I7OfAPublisher = APublisher.TestCase
TestI2I4I7OfAPublisher.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=timedelta(seconds=5)
)
TestI2OfARequestToErase = ARequest.TestCase
TestI2OfARequestToErase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=timedelta(seconds=5)
)

"""Random commands of random people at random times to a launch: what must hold after each step."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from policies.errors import Refused
from policies.lifecycle.kernel import Actor, Event, iso
from policies.lifecycle.launch import MACHINE
from policies.lifecycle.launch_due import due, timers
from policies.lifecycle.launch_permits import LEGAL, SYSTEM_COMMANDS
from policies.lifecycle.launch_state import AHEAD, FINAL, Launch, Status
from policies.lifecycle.machines import fold
from policies.rules.launch_turns import turns
from tests.builders import AMY, CAST, LEA, MAX, PIA, SENA, SOL, Journal
from tests.policies.launches import (
    LAUNCHES,
    OPEN,
    POLLED,
    SYS,
    body,
    clear,
    items,
    launched,
    looked,
)

TWO_HATS = Actor("per_hats", ("product_lead", "safety_oncall", "administrator", "policy_editor"))
CREW = (LEA, MAX, SOL, PIA, SENA, AMY, TWO_HATS)
gaps = st.sampled_from([0, 1, 300, 3600, 20_000, 86_400, 200_000, 900_000])  # seconds
# What the system saw of the items: all well, nothing, a must item failing, others, nonsense.
looks: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{"well": True}, {"well": True}, {"well": True}, {}, {"must_ready": 1}, {"failing_more": True},
     {"should_ready": 1, "failing": {"rel_3": ["evidence_stale"]}}, {"must": "two"}, {"wave": 7}]
)  # fmt: skip
bodies: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {}, {}, {"role": "safety_oncall"}, {"role": "policy_editor"}, {"vote": "NO_GO"},
     {"vote": "ABSTAIN"}, {"verdict": "no"}, {"gate": "support_ready"}, {"importance": "must"},
     {"gate": "review_on_time"}, {"role": "safety_oncall", "vote": "NO_GO"}]
)  # fmt: skip
STARTS = (
    "draft",
    "poll",
    "armed",
    "countdown",
    "its hour",
    "its hour",
    "its hour, frozen",
    "hold, frozen",
    "partial",
    "live",
    "postponed",
)
windows = st.sampled_from(
    [{}, {}, {"win_1": "product_lead"}, {"win_1": "safety_oncall", "win_2": "product_lead"},
     {"win_3": ""}]
)  # fmt: skip
PROSE = {"statement": "prose:s"}


class ALaunch(RuleBasedStateMachine):
    """One launch under fire. What it needs to hold is kept a second time, more simply."""

    def __init__(self) -> None:
        super().__init__()
        self.road: Journal[Launch] = launched(*POLLED)()
        self.dissent: list[tuple[int, str, str]] = []  # round, role, who
        self.first: dict[str, str] = {}  # what was proposed → by whom
        self.shut: dict[str, str] = {}  # window → the role that may override it; "": nobody
        self.until: str | None = None
        self.passed: set[str] = set()  # windows got past by name, for the opening ahead

    @initialize(row=st.sampled_from(STARTS))
    def begin(self, row: str) -> None:
        self.road = LAUNCHES[row]()

    @rule(shut=windows, minutes=st.sampled_from([None, 1, 10, 60, 10_000]))
    def draw_windows(self, shut: dict[str, str], minutes: int | None) -> None:
        """People draw and end windows at any moment."""
        ends = self.road.now + timedelta(minutes=minutes) if minutes else None
        self.shut, self.until = shut, iso(ends) if ends else None

    @rule(kind=st.sampled_from(sorted(LEGAL)), actor=st.sampled_from([*CAST, TWO_HATS]),
          gap=gaps, look=looks, change=bodies)  # fmt: skip
    def give(
        self, kind: str, actor: Actor, gap: int, look: dict[str, Any], change: dict[str, Any]
    ) -> None:
        self.road.wait(seconds=gap)
        self.step(kind, SYS if kind in SYSTEM_COMMANDS else actor, look, change)

    @rule(data=st.data(), gap=gaps, look=looks, change=bodies)
    def give_what_is_permitted(
        self, data: st.DataObject, gap: int, look: dict[str, Any], change: dict[str, Any]
    ) -> None:
        self.road.wait(seconds=gap)
        open_to = []
        for actor in (*CREW, SYS):
            for kind in LEGAL:
                try:
                    MACHINE.permit(self.road.state, kind, actor, self.road.now)
                except Refused:
                    continue
                open_to.append((kind, actor))
        if open_to:
            kind, actor = data.draw(st.sampled_from(open_to))
            self.step(kind, actor, look, change)

    @rule(look=looks)
    def let_the_clock_strike(self, look: dict[str, Any]) -> None:
        """The system's own next step, at its very moment: this goes all the way to an opening."""
        clock = timers(self.road.state)
        if clock:
            late = (clock[0].at - self.road.now).total_seconds()
            self.road.wait(seconds=max(0.0, late))
            self.step(clock[0].kind, SYS, look, {})

    @rule()
    def everybody_does_their_best(self) -> None:
        """Gates answered, votes given: without this, random people rarely get anywhere."""
        for gate, actor in (("policy_published", PIA), ("support_ready", SENA)):
            self.step("attest", actor, {}, {"gate": gate})
        self.step("sign", SOL, {}, {})
        for gate in ("no_stop", "review_on_time"):
            self.step("measure", SYS, {"well": True}, {"gate": gate})
        self.step("vote", MAX, {}, {})
        for role, actor in (("safety_oncall", SOL), ("policy_editor", PIA)):
            self.step("vote", actor, {}, {"role": role})
        self.step("poll_over", SYS, {}, {})

    def saw(self, kind: str, look: Mapping[str, Any]) -> dict[str, Any]:
        state = self.road.state
        wave = state.wave if kind == "restore" else state.wave + 1
        if not look:
            return {}
        over = {k: v for k, v in look.items() if k != "well"}
        windows = {"freeze": self.frozen(), "narrow": {}}
        return {"items": items(**{"wave": wave, **over}), "gates": looked(self.road.now), **windows}

    def frozen(self) -> dict[str, Any] | None:
        """What windows in force say, as the record would: less those that were got past."""
        shut = {w: role for w, role in self.shut.items() if w not in self.road.state.overridden}
        if not shut:
            return None
        roles = sorted(set(shut.values()) - {""}) if "" not in shut.values() else []
        return {"windows": sorted(shut), "until": self.until, "roles": roles}

    def step(
        self, kind: str, actor: Actor, look: Mapping[str, Any], change: Mapping[str, Any]
    ) -> None:
        before, count = self.road.state, len(self.road.events)
        told = {**body(kind, self.road), **change}
        if kind == "vote":
            told |= PROSE
        try:
            seen = self.saw(kind, look)
            if kind == "bring_forward" and look:
                seen |= clear(told["target"])
            after = self.road.give(kind, actor, told, **seen)
        except Refused:
            assert self.road.state is before
            return
        for event in self.road.events[count:]:
            self.account(event, before, look, actor)
        if after.wave > before.wave:
            self.opened(before, look)
            self.passed = set()

    def opened(self, before: Launch, look: Mapping[str, Any]) -> None:
        """I6, I7: only from the countdown or a called wave, over a look in which no must failed."""
        assert before.status is Status.COUNTDOWN or before.wave_wanted == before.wave + 1
        assert look
        assert not {"must_ready", "must", "failing_more", "wave"} & set(look)
        if before.status is Status.COUNTDOWN:
            assert before.opens_at is not None
            late = (self.road.now - before.opens_at).total_seconds()
            assert 0 <= late <= before.terms.max_lateness_s
            stand = before.standing_votes()
            assert set(stand) == set(before.terms.poll_roles)
            assert all(vote.vote == "GO" or vote.override for vote in stand.values())
            assert len({vote.by for vote in stand.values()}) == len(stand)  # I2
        assert self.road.state.gates(self.road.now)
        assert set(self.shut) <= self.passed  # never inside a freeze that nobody got past by name

    def account(self, event: Event, before: Launch, look: Mapping[str, Any], actor: Actor) -> None:
        name, told = event.type.partition("launch:")[2], event.body
        if name == "poll:voted" and told["vote"] != "GO":
            self.dissent.append((told["round"], told["role"], actor.id))
        if name == "poll:overridden":
            assert actor.id != before.drafted_by  # I2
            assert actor.id not in {vote.by for vote in before.standing_votes().values()}
        if name in ("gate:attested", "gate:signed", "gate:waived"):
            assert actor.id != before.drafted_by  # I2
        if name in ("cancel:proposed", "forward:proposed", "restore:proposed"):
            self.first[name.partition(":")[0]] = actor.id
        if name == "cancelled" and before.status is not Status.DRAFT:
            assert told["first"] == self.first["cancel"] != actor.id  # I2
        if name == "restored":
            assert told["first"] == self.first["restore"] != actor.id  # I2
        if name in ("forward:proposed", "brought_forward"):
            assert look  # I7: nothing comes forward unlooked
        if name == "brought_forward":
            assert told["first"] == self.first["forward"] != actor.id  # I2
        if name == "freeze:overridden":
            assert {self.shut[window] for window in told["windows"]} <= set(actor.roles)
            assert told["reason"]
            self.passed |= set(told["windows"])
        if name in ("postponed", "replanned", "brought_forward"):
            self.passed = set()
        if name == "restored":
            assert set(self.shut) <= {*self.passed, *told.get("override", {}).get("windows", ())}
        if name == "replanned" and before.postponements > 1:
            assert before.approved_date is not None

    @invariant()
    def i3_anything_ahead_can_be_held_now_by_one_person_and_then_does_not_open(self) -> None:
        if self.road.state.status not in AHEAD:
            return
        other = self.road.copy()
        other.give("hold", SOL, {"reason": "unsafe"})
        for kind in ("open_wave", "start_countdown", "poll_over", "begin_poll"):
            saw = {"items": items(other.state.wave + 1), "gates": looked(other.now), **OPEN}
            assert other.refused(kind, SYS, {}, **saw) == "illegal-move"

    @invariant()
    def dissent_never_disappears(self) -> None:
        kept = [(v.round, v.role, v.by) for v in self.road.state.votes if v.vote != "GO"]
        assert kept == self.dissent

    @invariant()
    def i10_no_state_without_an_exit_a_turn_and_a_time(self) -> None:
        state, now = self.road.state, self.road.now
        assert bool(turns(state, now)) is (state.status not in FINAL)
        assert (due(state) is None) is (state.status in FINAL)
        assert bool(timers(state)) is (state.status not in FINAL)

    @invariant()
    def what_belongs_to_a_state_is_there_in_it_and_only_in_it(self) -> None:
        state = self.road.state
        assert (state.held is not None) is (state.status is Status.HOLD)
        assert state.held is None or state.held.before is not Status.HOLD
        assert (state.suspended_from is not None) is (state.status is Status.SUSPENDED)
        assert (state.opened_at is not None) is (state.wave > 0)
        assert state.wave == 0 or state.status not in AHEAD
        assert state.wave_wanted is None or state.status is Status.PARTIAL
        assert state.seq == len(self.road.events)
        # What the store does day by day makes nobody's command one about something else.
        by_itself = [
            event
            for event in self.road.events
            if event.type == "launch:duties:reminded" or event.body.get("routine")
        ]
        assert state.version == state.seq - len(by_itself)

    @precondition(lambda self: len(self.road.events) % 7 == 0)
    @invariant()
    def the_state_is_the_fold(self) -> None:
        assert fold("launch", self.road.events) == self.road.state


TestI2I3I6I7I10OfALaunch = ALaunch.TestCase
TestI2I3I6I7I10OfALaunch.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=timedelta(seconds=5)
)

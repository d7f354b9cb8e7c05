"""MACs, hashes and times: what crosses a wire and comes back is the same, or is noticed."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.errors import REFUSALS, IllegalMove, Refused, refusal
from policies.lifecycle.kernel import (
    Actor,
    Command,
    Event,
    event_hash,
    instant,
    instant_or_none,
    iso,
    mac_holds,
    mac_of,
)
from policies.lifecycle.machines import KIND_OF, MACHINES, fold, kind_of
from tests.builders import KEY, RUI, T0, command, signed
from tests.policies.states import SUBMISSIONS

COMMAND = signed(command("approve", "sub_1", RUI, {"digest": "d1", "version": 3}))
OTHER: dict[str, Any] = {
    "id": "cmd_2", "kind": "reject", "store": "other", "subject": "sub_2",
    "actor": replace(RUI, id="per_eve"), "at": T0 + timedelta(microseconds=1),
    "body": {"digest": "d1", "version": 4}, "due": {}, "on_behalf_of": "per_tom",
}  # fmt: skip
EVENT = SUBMISSIONS["held"]().events[-1]
OTHER_EVENT: dict[str, Any] = {
    "store": "other", "position": 9, "subject": "sub_2", "seq": 9, "type": "submission:withdrawn",
    "actor_id": "per_eve", "command_id": "cmd_9", "occurred_at": T0 + timedelta(seconds=1),
    "recorded_at": T0 + timedelta(seconds=1), "pack": "q", "rules": "0", "body": {},
    "evidence": (), "on_behalf_of": "per_tom", "caused_by": "x", "prev": "x", "schema": 2,
}  # fmt: skip


def test_i2_a_mac_covers_every_field_of_a_command() -> None:
    assert mac_holds(COMMAND, KEY)
    assert set(OTHER) | {"mac"} == {field.name for field in fields(Command)}

    for name, value in OTHER.items():
        assert not mac_holds(replace(COMMAND, **{name: value}), KEY), name


@pytest.mark.parametrize(
    "change", [{"roles": ("administrator",)}, {"publishers": ("pub_a",)}, {"id": "system"}]
)
def test_i2_a_mac_covers_who_somebody_is(change: dict[str, Any]) -> None:
    assert not mac_holds(replace(COMMAND, actor=replace(RUI, **change)), KEY)


def test_i2_a_mac_of_another_key_or_none_does_not_hold() -> None:
    assert not mac_holds(COMMAND, b"x" * 32)
    assert not mac_holds(replace(COMMAND, mac=""), KEY)


def test_a_mac_does_not_depend_on_order_or_zone() -> None:
    actor = Actor("per_x", ("b", "a"), ("q", "p"))
    one = command("claim", "sub_1", actor, {"a": 1, "b": 2})
    two = replace(
        one,
        actor=Actor("per_x", ("a", "b"), ("p", "q")),
        at=one.at.astimezone(timezone(timedelta(hours=5))),
        body={"b": 2, "a": 1},
    )

    assert mac_of(one, KEY) == mac_of(two, KEY)


def test_i8_the_hash_of_an_event_covers_every_field() -> None:
    assert set(OTHER_EVENT) == {field.name for field in fields(Event)}

    for name, value in OTHER_EVENT.items():
        assert event_hash(replace(EVENT, **{name: value})) != event_hash(EVENT), name


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7, minutes=-30))])))
def test_a_time_comes_back_as_the_same_instant(at: datetime) -> None:
    if not datetime(2, 1, 1, tzinfo=UTC) < at < datetime(9998, 1, 1, tzinfo=UTC):
        return

    assert instant(iso(at)) == at
    assert iso(instant(iso(at))) == iso(at)
    assert instant(at) == at


@pytest.mark.parametrize("text", ["2026-01-01T00:00:00", "now", 5, None, datetime(2026, 1, 1)])
def test_a_time_without_zone_is_nobodys_to_guess(text: Any) -> None:
    with pytest.raises(ValueError, match=r"zone|time|isoformat"):
        instant(text)


def test_no_time_stays_no_time() -> None:
    assert instant_or_none(None) is None


def test_a_subject_id_names_its_machine() -> None:
    assert {prefix: kind_of(f"{prefix}_1") for prefix in KIND_OF} == dict(KIND_OF)
    assert set(KIND_OF.values()) == set(MACHINES)
    with pytest.raises(KeyError):
        kind_of("per_1")


def test_folding_in_two_parts_is_folding_at_once() -> None:
    case = SUBMISSIONS["approved by two"]()

    half = fold("submission", case.events[:3])

    assert fold("submission", case.events[3:], half) == case.state


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_crosses_a_wire_by_its_code(code: str) -> None:
    rebuilt = refusal(code, "because", {"field": "x"})

    assert type(rebuilt) is REFUSALS[code]
    assert (rebuilt.code, rebuilt.because, rebuilt.detail) == (code, "because", {"field": "x"})


def test_an_unknown_refusal_is_still_a_refusal() -> None:
    assert type(refusal("unheard-of", "because")) is Refused
    assert refusal("illegal-move", "because").code == IllegalMove.code

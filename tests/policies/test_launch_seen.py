"""What somebody saw of a launch is told by its version, which is no number of an event."""

from policies.lifecycle.launch_seen import difference, since
from policies.lifecycle.launch_state import Status
from tests.builders import LEA
from tests.policies.launches import GATING, SYS, body, launched, looked


def test_whoever_looked_before_the_store_looked_again_is_told_what_people_changed() -> None:
    road = launched(*GATING)()
    for _ in range(3):
        road.give("measure", SYS, {}, gates=looked(road.now))
        road.wait(days=1)
    saw = road.state
    assert saw.version < saw.seq  # daily looks are events, and no versions
    road.give("postpone", LEA, body("postpone", road))

    before, news = since(road.events, saw.version)

    assert before == saw
    assert [event.type for event in news] == ["launch:postponed"]
    assert set(difference(before, road.state)) == {
        "status", "target", "opens_at", "postponements",
    }  # fmt: skip
    assert difference(before, road.state)["status"] == {
        "saw": Status.GATING.value,
        "now": Status.POSTPONED.value,
    }


def test_of_every_version_the_state_is_found_again() -> None:
    road = launched(*GATING)()
    seen = {}
    for count in range(len(road.events) + 1):
        before, news = since(road.events[:count], count)
        seen[count] = before
        assert news == []
        assert before is None or (before.version, before.seq) == (count, count)

    for version, before in seen.items():
        assert since(road.events, version) == (before, road.events[version:])

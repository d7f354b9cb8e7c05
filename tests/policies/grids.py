"""Tables written as text, and the whole product of states, commands and people they are held to."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from policies.errors import Refused
from policies.lifecycle.kernel import Actor, Command, Fact
from tests.builders import CAST, Journal, command, event_of

Body = Callable[[str, Journal[Any]], Mapping[str, Any]]


def rows_of(text: str) -> dict[str, dict[str, str]]:
    """`{row: {column: cell}}` of a table: the first line heads, `|` ends the name of a row."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    heads = lines[0].split()
    table = {}
    for line in lines[1:]:
        name, cells = line.split("|")
        assert len(cells.split()) == len(heads), line
        table[name.strip()] = dict(zip(heads, cells.split(), strict=True))
    return table


def results(
    journal: Journal[Any], kind: str, body: Mapping[str, Any], observed: Mapping[str, Any]
) -> Iterator[tuple[Actor, str, Any]]:
    """For everybody in the cast: the refusal's code, or an empty one and the state it leads to."""
    for actor in CAST:
        copy = journal.copy()
        try:
            state = copy.give(kind, actor, body, **observed)
        except Refused as refused:
            yield actor, refused.code, copy.past
        else:
            yield actor, "", state


def permitted(journal: Journal[Any], kind: str, actor: Actor) -> str:
    """The code with which `permit`, which `can` shows, refuses; empty when it permits."""
    try:
        journal.machine.permit(journal.past, kind, actor, journal.now)
    except Refused as refused:
        return refused.code
    return ""


ROLES_AND_RELATIONS = {"not-allowed", "self-approval", "same-voice", "not-claimed"}


def cell(
    journal: Journal[Any],
    kind: str,
    body: Mapping[str, Any],
    observed: Mapping[str, Any],
    name: Callable[[Any], str],
) -> str:
    """Where the command leads if anybody may give it, else `.`, or `early` if only time lacks."""
    found = list(results(journal, kind, body, observed))
    led = {name(state) for _, code, state in found if not code}
    assert len(led) <= 1, f"it depends on who: {led}"
    codes = {code for _, code, _ in found if code} - ROLES_AND_RELATIONS
    if led:
        return led.pop()
    return "early" if codes == {"not-yet"} else "."


def every_cell_is_facts_or_a_named_refusal(
    journal: Journal[Any], kind: str, body: Mapping[str, Any], observed: Mapping[str, Any]
) -> None:
    """No other exception; facts fold; `permit` and `decide` name the same refusal."""
    for actor in CAST:
        before = permitted(journal, kind, actor)
        facts: tuple[Fact, ...] = ()
        code, order = "", command(kind, journal.subject, actor, body, at=journal.now)
        try:
            facts = journal.machine.decide(journal.past, order, journal.now, observed)
        except Refused as refused:
            code = refused.code
            told = refused.because
        assert not code or told
        assert before in ("", code), f"{kind} by {actor.id}: {before!r}, {code!r}"
        state, seq = journal.past, len(journal.events)
        for fact in facts:
            seq += 1
            state = journal.machine.evolve(state, event_of(fact, order, seq, journal.now))
        if facts:
            assert journal.machine.answer(state)["seq"] == seq


def malformed(journal: Journal[Any], kind: str, actor: Actor) -> Command:
    """A command of a person that brings nothing at all."""
    return command(kind, journal.subject, actor, {}, at=journal.now, due={})

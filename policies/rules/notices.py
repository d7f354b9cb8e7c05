"""Who is told what when something happened: one table of event → notice → audience.

Pure: what is known of the subject before and after the event is handed in. Nobody is told of what
they did themselves, and staff who belong to the publisher hear nothing from inside the review (I2).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from policies.lifecycle.kernel import SYSTEM, Event, Role
from policies.rules.notice_topics import NOTICES

_REVIEWERS = frozenset({Role.REVIEWER.value, Role.SENIOR_REVIEWER.value})
_LEADS = frozenset({Role.PRODUCT_LEAD.value})
_SAFETY = frozenset({Role.SAFETY_ONCALL.value, Role.PRODUCT_LEAD.value})
_KEEPERS = frozenset({Role.ADMINISTRATOR.value, Role.AUDITOR.value})
_STOPPERS = _SAFETY | {Role.ADMINISTRATOR.value}
_STAFF = frozenset(role.value for role in set(Role) - {Role.DEVELOPER, Role.SYSTEM})


@dataclass(frozen=True)
class Audience:
    """`owners_of` is a publisher whose members are meant; `bound_to` a launch, for the members of
    every publisher with a release in it; `silent_in` a launch and the number of its postponement,
    for those of them who did not say what they want; `people` are named one by one; `roles` are
    staff, except members of `not_of`."""

    owners_of: str | None = None
    bound_to: str | None = None
    silent_in: tuple[str, int] | None = None
    people: tuple[str, ...] = ()
    roles: frozenset[str] = frozenset()
    not_of: str | None = None
    owing: bool = False  # of those bound to it only who owes something before the launch


@dataclass(frozen=True)
class Telling:
    """One notice that follows from one event."""

    notice: str
    audience: Audience


@dataclass(frozen=True)
class Person:
    """Somebody who can be told. `roles`, `publishers`, the `launches` that a release of theirs
    is bound to, and the postponements they were `silent` about, as they are now."""

    id: str
    roles: frozenset[str] = frozenset()
    publishers: frozenset[str] = frozenset()
    launches: frozenset[str] = frozenset()
    silent: frozenset[tuple[str, int]] = frozenset()


Before = Any  # the fold of the subject before the event; None before its first
_Who = Callable[[Event, Before, Any], Iterable[Telling]]


def _publisher(state: Any) -> str | None:
    return getattr(state, "publisher", None)


def _owners(notice: str) -> _Who:
    def who(event: Event, before: Before, after: Any) -> Iterable[Telling]:
        return (Telling(notice, Audience(owners_of=_publisher(after))),)

    return who


def _staff(notice: str, roles: frozenset[str]) -> _Who:
    def who(event: Event, before: Before, after: Any) -> Iterable[Telling]:
        return (Telling(notice, Audience(roles=roles, not_of=_publisher(after))),)

    return who


def _in_launch(notice: str) -> _Who:
    """Everybody with a release in the launch that the event is about."""

    def who(event: Event, before: Before, after: Any) -> Iterable[Telling]:
        return (Telling(notice, Audience(bound_to=event.subject)),)

    return who


def _people(notice: str, after: Any, *ids: str | None) -> tuple[Telling, ...]:
    named = tuple(dict.fromkeys(one for one in ids if one))
    return (Telling(notice, Audience(people=named, not_of=_publisher(after))),) if named else ()


def _both(*rules: _Who) -> _Who:
    def who(event: Event, before: Before, after: Any) -> Iterable[Telling]:
        return tuple(told for rule in rules for told in rule(event, before, after))

    return who


def _settled(event: Event, before: Before, after: Any) -> Iterable[Telling]:
    verdict = after.decision.verdict if after.decision else None
    if verdict not in ("approve", "reject"):
        return ()
    return _owners("approved" if verdict == "approve" else "rejected")(event, before, after)


def _overdue(event: Event, before: Before, after: Any) -> Iterable[Telling]:
    """The review ladder: who holds it is reminded, then a lead hears and the developer gets a new
    expectation, then a lead hears again."""
    what = event.body.get("what")
    if what == "nudge":
        if after.claimant:
            return _people("review_late", after, after.claimant)
        return _staff("review_late", _REVIEWERS)(event, before, after)
    lead = _staff("review_late", _LEADS)
    if what == "breach":
        return _both(lead, _owners("delayed"))(event, before, after)
    return lead(event, before, after)


def _claim_over(event: Event, before: Before, after: Any) -> Iterable[Telling]:
    """Whoever gave it back knows; whose lease ended or whose case was moved is told."""
    return _people("claim_over", after, event.body.get("claimant"))


def _answered(event: Event, before: Before, after: Any) -> Iterable[Telling]:
    if after.preferred:
        return _people("answered", after, after.preferred)
    return _staff("answered", _REVIEWERS)(event, before, after)


def _disagreed(event: Event, before: Before, after: Any) -> Iterable[Telling]:
    return _people("disagreed", after, before.voice.by if before and before.voice else None)


def _undone(event: Event, before: Before, after: Any) -> Iterable[Telling]:
    decision = before.decision if before else None
    return _people("undone", after, decision.by, decision.second) if decision else ()


def _lost_case(notice: str) -> _Who:
    def who(event: Event, before: Before, after: Any) -> Iterable[Telling]:
        return _people(notice, after, before.claimant if before else None)

    return who


def _stop(notice: str) -> _Who:
    def who(event: Event, before: Before, after: Any) -> Iterable[Telling]:
        publisher = after.target if after.scope == "publisher" else after.publisher
        owners = (Telling(notice, Audience(owners_of=publisher)),) if publisher else ()
        return (Telling(notice, Audience(roles=_STOPPERS)), *owners)

    return who


def _about_person(notice: str) -> _Who:
    """Somebody whose membership changed, whoever changed it."""

    def who(event: Event, before: Before, after: Any) -> Iterable[Telling]:
        person = event.body.get("person")
        return (Telling(notice, Audience(people=(person,))),) if person else ()

    return who


def _owing(event: Event, before: Before, after: Any) -> Iterable[Telling]:
    """Whoever has something to do before a launch: once for each launch, however many GPTs."""
    return (Telling("duties_owed", Audience(bound_to=event.subject, owing=True)),)


def _members(notice: str) -> _Who:
    """Everybody of the publisher that the event is about."""

    def who(event: Event, before: Before, after: Any) -> Iterable[Telling]:
        return (Telling(notice, Audience(owners_of=event.subject)),)

    return who


def _memo(event: Event, before: Before, after: Any) -> Iterable[Telling]:
    if event.body.get("audience") == "internal":
        return (Telling("memo_inside", Audience(roles=_STAFF)),)
    return (Telling("memo", Audience(bound_to=after.launch)),)


def _postponed(event: Event, before: Before, after: Any) -> Iterable[Telling]:
    """Developers are asked, once per launch however many releases they have in it."""
    if event.body.get("decide_by") is None:
        return ()
    return (Telling("choice_wanted", Audience(bound_to=event.subject)),)


def _silent(notice: str) -> _Who:
    def who(event: Event, before: Before, after: Any) -> Iterable[Telling]:
        silent = (event.subject, event.body["nth"])
        return (Telling(notice, Audience(silent_in=silent)),)

    return who


def _sides(notice: str) -> _Who:
    """Everybody of the giving publisher and of the receiving one."""

    def who(event: Event, before: Before, after: Any) -> Iterable[Telling]:
        return tuple(
            Telling(notice, Audience(owners_of=one)) for one in (after.publisher, after.to)
        )

    return who


_RULES: Mapping[str, _Who] = {
    "submission:static:blocked": _owners("needs_changes"),
    "submission:tests:finished": _both(_owners("tested"), _staff("case_waiting", _REVIEWERS)),
    "submission:round:opened": _lost_case("new_round"),
    "submission:review:asked": _owners("question"),
    "submission:review:answered": _answered,
    "submission:review:changes_requested": _owners("needs_changes"),
    "submission:review:held": _staff("second_wanted", _REVIEWERS),
    "submission:review:disagreed": _disagreed,
    "submission:review:undone": _undone,
    "submission:review:released": _claim_over,
    "submission:decision:settled": _settled,
    "submission:withdrawn": _lost_case("case_withdrawn"),
    "submission:expired": _owners("expired"),
    "submission:warned": _owners("reminder"),
    "submission:overdue": _overdue,
    "launch:gating:started": _owing,
    "launch:duties:reminded": _owing,
    "release:prepared": _staff("release_ready", _LEADS),
    "release:scheduled": _owners("release_scheduled"),
    "release:time:resolved": _both(
        _owners("release_scheduled"), _staff("release_scheduled", _LEADS)
    ),
    "release:frozen": _owners("release_frozen"),
    "release:bound": _owners("release_bound"),
    "release:unbound": _owners("release_unbound"),
    "release:stage:entered": _owners("release_stage"),
    "release:blocked": _both(_owners("release_stopped"), _staff("release_stuck", _LEADS)),
    "release:held": _both(_owners("release_stopped"), _staff("release_stuck", _LEADS)),
    "release:paused": _owners("release_stopped"),
    "release:halted": _both(_owners("release_stopped"), _staff("release_halted", _SAFETY)),
    "release:resume:proposed": _staff("resume_wanted", _LEADS),
    "release:completed": _owners("release_done"),
    "release:rolled_back": _both(_owners("release_ended"), _staff("release_halted", _SAFETY)),
    "release:cancelled": _owners("release_ended"),
    "release:superseded": _owners("release_ended"),
    "listing:quarantined": _both(_owners("quarantined"), _staff("quarantined", _SAFETY)),
    "listing:quarantine:lifted": _both(
        _owners("quarantine_lifted"), _staff("quarantine_lifted", _SAFETY)
    ),
    "listing:unlisted": _owners("listing_changed"),
    "listing:relisted": _owners("listing_changed"),
    "publisher:verified": _members("publisher_verified"),
    "publisher:name:attested": _members("publisher_verified"),
    "publisher:verification:lapsing": _members("verification_lapsing"),
    "publisher:verification:lost": _members("verification_lost"),
    "publisher:verification:revoked": _members("verification_lost"),
    "publisher:reinstated": _members("reinstated"),
    "publisher:member:invited": _about_person("invited"),
    "publisher:member:role_set": _about_person("membership_changed"),
    "publisher:member:removed": _about_person("membership_changed"),
    "purge:asked": _staff("erasing_wanted", _KEEPERS),
    "launch:time:resolved": _both(_in_launch("launch_moved"), _staff("launch_moved", _LEADS)),
    "transfer:offered": _sides("transfer_offered"),
    "transfer:warned": _sides("transfer_ends"),
    "transfer:accepted": _sides("transfer_accepted"),
    "transfer:declined": _sides("transfer_over"),
    "transfer:withdrawn": _sides("transfer_over"),
    "transfer:expired": _sides("transfer_over"),
    "stop:placed": _stop("stop_placed"),
    "stop:lifted": _stop("stop_lifted"),
    "embargo:set": _owners("embargo_changed"),
    "embargo:moved": _owners("embargo_changed"),
    "embargo:lifted": _owners("embargo_changed"),
    "embargo:lift:proposed": _staff("embargo_lift_wanted", _LEADS),
    "launch:replanned": _in_launch("launch_replanned"),
    "launch:brought_forward": _in_launch("launch_sooner"),  # they are owed notice (L13)
    "launch:closed": _staff("launch_closed", _STAFF),
    "memo:sent": _memo,
    "launch:postponed": _postponed,
    "launch:choices:reminded": _silent("choice_ends"),
    "launch:choices:closed": _both(_silent("choice_over"), _staff("choices_over", _LEADS)),
}
TOLD_OF = frozenset(_RULES)


def owing_in(launch: str) -> str:
    """What is among `Person.launches` of somebody who owes something before `launch`."""
    return f"owing:{launch}"


def _part_in(audience: Audience, launch: str) -> str:
    return owing_in(launch) if audience.owing else launch


def tellings(event: Event, before: Before, after: Any) -> tuple[Telling, ...]:
    """What people are told of `event`; nothing for a type without a rule."""
    rule = _RULES.get(event.type)
    found = tuple(rule(event, before, after)) if rule else ()
    unknown = [told.notice for told in found if told.notice not in NOTICES]
    if unknown:
        raise ValueError(f"{event.type}: unknown notice {unknown[0]}")
    return found


def recipients(
    told: Iterable[Telling], people: Iterable[Person], actor: str
) -> dict[str, dict[str, None]]:
    """Notice → the ids of those who get it, in order, each once, never the actor.

    Whoever belongs to the owners and to the staff meant gets the owners' notice alone.
    """
    known = list(people)
    found: dict[str, dict[str, None]] = {}
    for telling in told:
        for person in known:
            if person.id not in (actor, SYSTEM) and _meant(telling.audience, person):
                found.setdefault(telling.notice, {})[person.id] = None
    return found


def _meant(audience: Audience, person: Person) -> bool:
    if audience.owners_of is not None and audience.owners_of in person.publishers:
        return True
    if audience.bound_to is not None and _part_in(audience, audience.bound_to) in person.launches:
        return True
    if audience.silent_in is not None and audience.silent_in in person.silent:
        return True
    if audience.not_of is not None and audience.not_of in person.publishers:
        return False
    return person.id in audience.people or bool(audience.roles & person.roles)

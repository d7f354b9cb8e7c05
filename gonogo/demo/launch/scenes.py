"""The scenes of the story: what happens to many subjects at once, between the lines."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from gonogo.db.launch_duties import terms_of
from gonogo.db.prose import keep_prose, read_prose
from gonogo.demo.launch import gpts, look, reckoning
from gonogo.demo.launch.cast import (
    BRICK,
    FOUNDERS,
    LUMEN,
    NORTH,
    PUBLISHERS,
    SAN_FRANCISCO,
    SYSTEM,
    said_of,
)
from gonogo.demo.launch.lane import Item
from gonogo.demo.launch.lines import DECEMBER, EARLY, NEXT_WEEK, QUORUM, When
from gonogo.demo.launch.play import Play, Scenery
from gonogo.demo.launch.preview import previewed, told
from gonogo.demo.launch.reckoning import MUSTS, musts
from gonogo.demo.launch.stage import Asked, clock
from gonogo.zones import place_target
from policies.errors import StaleDecision
from policies.rules.postponing import Preview, still

MOMENT = "%-d %B %H:%M"
A_DAY = 20  # reviews, two reviewers


async def _found(play: Play, at: datetime) -> tuple[str, ...]:
    stage, limits = play.stage, play.stage.pack.publishers
    for publisher, name in PUBLISHERS.items():
        body = {
            "name": keep_prose(stage.engine, name),
            "limit": limits.founded_most,
            "pack": stage.pack.digest,
        }
        stage.must(Asked("publisher", publisher, FOUNDERS[publisher], "found", at, body))
        if publisher != NORTH:
            _attest(play, publisher, at + timedelta(minutes=10))
    return tuple(PUBLISHERS.values())


def _attest(play: Play, publisher: str, at: datetime) -> None:
    limits = play.stage.pack.publishers
    body = {
        "reason": "register",
        "note": keep_prose(play.stage.engine, "The extract of the register names it."),
        "name_life_s": limits.name_life_s,
        "grace_s": limits.grace_s,
    }
    play.stage.must(Asked("publisher", publisher, "per_amy", "attest", at, body))


async def _enter(play: Play, at: datetime) -> tuple[str, ...]:
    pack = play.stage.pack
    for number, candidate in enumerate(gpts.candidates(pack, play.records)):
        play.items.append(await play.lane.enter(candidate, at + timedelta(minutes=number)))
    stages = {play.lane.case(item).stage.value for item in play.items}
    play.expect(
        f"at least {gpts.LEAST} GPTs pass scan and probes and wait for a reviewer",
        stages == {"queued"} and len(play.items) >= gpts.LEAST,
        f"{len(play.items)} {', '.join(sorted(stages))}",
    )
    return (f"{len(play.items)} GPTs are scanned and probed",)


async def _leak(play: Play, at: datetime) -> tuple[str, ...]:
    lane, pack = play.lane, play.stage.pack
    play.hidden = hidden = await lane.enter(gpts.sample(pack, gpts.POISONED), at)
    rules = set(lane.case(hidden).why)
    play.expect(
        "a provider key and hidden text are refused, all findings at once",
        {"secret", "hidden-tag-characters"} <= rules,
        ", ".join(sorted(rules)),
    )
    play.leaky = leaky = await lane.enter(gpts.sample(pack, gpts.LEAKY), at)
    refused = lane.try_to_approve(leaky, "per_rui", at + timedelta(minutes=30)).refused
    play.expect(
        "nobody can approve against the evidence",
        refused is not None and refused.code == "evidence-blocks",
        refused.because if refused else "approved",
    )
    later = at + timedelta(minutes=50)
    lane.reject(leaky, "per_rui", later, "secrets", "It tells its phrase to whoever asks.")
    why = refused.because if refused else ""
    return (
        f"“{hidden.name}” goes back to its developer: {', '.join(sorted(rules))}",
        f"“{leaky.name}” was meant to be a must; an approval is refused ({why}); it is "
        f"rejected, and “{play.items[MUSTS - 1].name}” takes its place",
    )


async def _review(play: Play, at: datetime) -> tuple[str, ...]:
    reviewers, two = ("per_rui", "per_sena"), 0
    for number, item in enumerate(play.items):
        day, turn = divmod(number, A_DAY)
        start = at + timedelta(days=day, minutes=turn // 2 * 45)
        by, second = reviewers[number % 2], reviewers[(number + 1) % 2]
        play.lane.approve(item, by, second, start)
        two += play.lane.case(item).decision.second is not None
    stages = {play.lane.case(item).stage.value for item in play.items}
    play.expect("all of them are approved", stages == {"approved"}, ", ".join(stages))
    play.expect("the high tier was decided by two people", two > 0, f"{two} of them")
    return (f"{len(play.items)} approved, {two} of them by two people",)


async def _bind(play: Play, at: datetime) -> tuple[str, ...]:
    needed, counts = musts(play), {"must": 0, "should": 0, "optional": 0}
    for number, item in enumerate(play.items):
        await play.lane.prepare(item)
        importance = "must" if item in needed else "should" if number % 3 else "optional"
        play.lane.bind(item, play.launch, importance, "per_lea", at)
        counts[importance] += 1
        play.bound.append(item)
    seen = look.seen(play.stage, play.launch, at)["items"]
    planned = {kind: seen[kind] for kind in counts}
    play.expect("the launch counts what was bound", planned == counts, _said(planned))
    return (_said(counts),)


def _said(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in counts.items())


def _look_ahead(play: Play, at: datetime, wanted: When = EARLY) -> Preview:
    target = place_target(wanted.text, SAN_FRANCISCO).target
    return previewed(play.stage, play.state(), target, at)


async def _freeze(play: Play, at: datetime) -> tuple[str, ...]:
    made = _look_ahead(play, at, DECEMBER)
    frozen = [hit for hit in made.after.hits if hit.what == "freeze"]
    play.expect(
        "December keeps room beside the freeze at the end of the year",
        len(frozen) == 1 and not frozen[0].wholly,
        ", ".join(hit.id for hit in frozen),
    )
    return told(made)


async def _preview(play: Play, at: datetime) -> tuple[str, ...]:
    made, before = _look_ahead(play, at), play.state()
    play.plan_hash = made.plan_hash
    play.expect("a preview changes nothing", play.state() == before, f"seq {before.seq}")
    evidence = sum(lapse.what == "evidence" for lapse in made.lapses)
    count = len(play.bound)
    play.expect(
        "the preview says that no review could cover all of a quarter",
        evidence == count and all(case.late for case in made.after.cases),
        f"evidence of {evidence} would be too old",
    )
    return told(made)


async def _stale(play: Play, at: datetime) -> tuple[str, ...]:
    """The edge makes the preview again before it takes a commit."""
    made, refused = _look_ahead(play, at), ""
    try:
        still(made, play.plan_hash)
    except StaleDecision as stale:
        refused = stale.because
    play.expect(
        "a commit of a preview that is not true any more is refused", bool(refused), refused
    )
    return (f"refused: {refused}", f"she looks again: {told(made)[0]}")


async def _narrower(play: Play, at: datetime) -> tuple[str, ...]:
    lapses = [one for one in _look_ahead(play, at, NEXT_WEEK).lapses if one.what != "sign_off"]
    play.expect("for next week no item has to be reviewed again", not lapses, len(lapses))
    return (f"{len(lapses)} items would have to be reviewed again",)


async def _withdraw(play: Play, at: datetime) -> tuple[str, ...]:
    item = next(one for one in play.bound[MUSTS:] if one.publisher != NORTH)
    by = FOUNDERS[item.publisher]
    assert item.release is not None  # it was bound
    play.stage.must(Asked("release", item.release, by, "unbind", at, {"reason": "withdrawn"}))
    play.bound.remove(item)
    observed = look.seen(play.stage, play.launch, at)
    body = {"release": item.release, "why": "withdrawn"}
    counted = play.stage.must(Asked("launch", play.launch, SYSTEM, "item_left", at, body, observed))
    play.events += counted.events
    count = counted.events[0].body
    play.expect(
        "the quorum is counted again when an item leaves",
        count["quorum_met"],
        f"{count['ready']} of {len(play.bound)} ready, {QUORUM} needed",
    )
    return (f"“{item.name}” leaves the launch and stays approved",)


def _confirm(play: Play, publisher: str, at: datetime) -> None:
    body = {"duty": "accept_policies", "terms": terms_of(play.stage.pack)}
    play.stage.must(Asked("publisher", publisher, FOUNDERS[publisher], "confirm_duty", at, body))


def _owing(play: Play, at: datetime) -> int:
    """Must items whose builders owe something, as the gate measures them."""
    return int(look.seen(play.stage, play.launch, at)["gates"]["duties_done"]["value"])


async def _accept(play: Play, at: datetime) -> tuple[str, ...]:
    before = _owing(play, at)
    for publisher in (LUMEN, BRICK):
        _confirm(play, publisher, at)
    after = _owing(play, at)
    play.expect(
        "the gate counts whose builders still owe a duty",
        before == len(musts(play)) and after == 1,
        f"{before} musts before, {after} after",
    )
    return (
        "the third, “publish as public”, the store sees in every release by itself",
        f"musts whose builders owe something: {before} before, {after} after",
    )


async def _verify(play: Play, at: datetime) -> tuple[str, ...]:
    _confirm(play, NORTH, at)
    _attest(play, NORTH, at)
    owing = _owing(play, at)
    play.expect("all three duties of January are done for every must", owing == 0, owing)
    return (f"{PUBLISHERS[NORTH]} is verified", f"musts whose builders owe something: {owing}")


async def _dissent(play: Play, at: datetime) -> tuple[str, ...]:
    votes, engine = play.state().votes, play.stage.engine
    said = [
        f"round {vote.round}, {vote.role}: {vote.vote} of {said_of(vote.by)}"
        + (f", “{read_prose(engine, {vote.statement})[vote.statement]}”" if vote.statement else "")
        + (f"; risk accepted by {said_of(vote.override)}" if vote.override else "")
        for vote in votes
    ]
    against = [vote for vote in votes if vote.vote == "NO_GO"]
    kept = len(against) == 2 and against[1].override is not None and against[0].override is None
    play.expect(
        "both NO-GOs stand beside what overruled them", kept, f"{len(against)} of {len(votes)}"
    )
    return tuple(said)


async def _dark(play: Play, at: datetime) -> tuple[str, ...]:
    seen = look.served(play.stage, _digests(play))
    names = look.listed(play.stage)
    play.expect(
        f"{clock(at, MOMENT)}: nothing bound is visible", not seen and not names, f"{seen} served"
    )
    return (f"{seen} of {len(play.bound)} served, {names} in the catalogue",)


async def _open(play: Play, at: datetime) -> tuple[str, ...]:
    seen, names = look.served(play.stage, _digests(play)), look.listed(play.stage)
    count = len(play.bound)
    play.expect(
        f"{clock(at, MOMENT)}: everything bound is served and listed",
        seen == names == count,
        f"{seen} of {count}",
    )
    return (f"{seen} of {count} served, {names} in the catalogue",)


async def _follow(play: Play, at: datetime) -> tuple[str, ...]:
    state, followed = play.state(), 0
    row = {"status": state.status.value, "wave": state.wave}
    for item in play.bound:
        assert item.release is not None  # it was bound
        excluded: list[str] | None = [] if item.release in state.excluded else None
        failing = look.precheck(play.stage, item.submission, item.digest, at)
        observed = {"launch": {**row, "excluded": excluded}, "precheck": failing}
        play.stage.must(Asked("release", item.release, SYSTEM, "open", at, observed=observed))
        _tell_listing(play, item, at)
        followed += 1
    leaky = play.leaky
    dark = leaky is not None and not look.served(play.stage, {leaky.gpt: leaky.digest})
    play.expect("the one that leaks is served to nobody", dark, "dark" if dark else "served")
    return (f"{followed} releases are at their last step",)


def _tell_listing(play: Play, item: Item, at: datetime) -> None:
    """What the release's workflow tells the listing of a stage that was entered."""
    release = play.stage.state("release", item.release or "")
    body = {
        "release": release.id,
        "digest": release.digest,
        "weight_bp": release.step.weight_bp,
        "visibility": release.step.visibility,
        "gpt": release.gpt,
        "publisher": release.publisher,
        "submission": release.submission,
    }
    play.stage.must(Asked("listing", release.listing, SYSTEM, "expose", at, body))


def _digests(play: Play) -> dict[str, str]:
    return {item.gpt: item.digest for item in play.bound}


SCENES: Mapping[str, Scenery] = {
    "found": _found,
    "enter": _enter,
    "leak": _leak,
    "review": _review,
    "forecast": reckoning.forecasting,
    "bind": _bind,
    "freeze": _freeze,
    "preview": _preview,
    "withdraw": _withdraw,
    "stale": _stale,
    "narrower": _narrower,
    "accept": _accept,
    "verify": _verify,
    "dissent": _dissent,
    "dark": _dark,
    "open": _open,
    "follow": _follow,
    "report": reckoning.reporting,
}

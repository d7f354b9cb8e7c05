"""Take a bundle in and submit it: what the JSON route and the upload page have in common."""

from datetime import UTC, datetime, timedelta

from starlette.concurrency import run_in_threadpool

from api.deps import Services
from api.errors import Problem
from api.kept import Order, Outcome
from gonogo.db import queries
from gonogo.db.session import reading
from gonogo.ids import new_id
from gonogo.uploads import Upload, take_in
from policies.bundle.manifest import read_bundle
from policies.lifecycle.kernel import Actor
from policies.lifecycle.terms import terms_from


async def submit_bundle(
    svc: Services,
    who: Actor,
    files: dict[str, bytes],
    *,
    publisher: str | None,
    gpt: str | None,
    key: str | None,
) -> tuple[Upload, Outcome]:
    """A new case, or a new round of the one that is open for this GPT.

    Raises `BundleRefused` with all faults, a `Refused`, or a `Problem`.
    """
    bundle = await run_in_threadpool(
        read_bundle, files, svc.pack.limits, svc.pack.static.categories
    )
    publisher = publisher_of(who, publisher)
    try:
        upload = await run_in_threadpool(
            take_in, svc.engine, svc.objects, svc.store, publisher, bundle, gpt
        )
    except LookupError as fault:
        raise Problem("not-found", str(fault)) from fault
    past = upload.open_submission
    if past is None and upload.expired_submission is not None:
        past = await run_in_threadpool(_still_reopens, svc, upload.expired_submission)
    outcome = await svc.gateway.send(
        Order(
            machine="submission",
            kind="submit",
            subject=past or new_id("sub"),
            gpt=upload.gpt,
            actor=who,
            key=key,
            fresh=past is None,
            body={
                "gpt": upload.gpt,
                "publisher": publisher,
                "digest": upload.digest,
                "terms": terms_from(svc.pack),
                "pack": svc.pack.digest,
            },
            fingerprint={"gpt": upload.gpt, "digest": upload.digest},
        )
    )
    return upload, outcome


def publisher_of(who: Actor, named: str | None) -> str:
    """The publisher a person submits for: the one they name, or the only one they belong to."""
    if named:
        if named not in who.publishers:
            raise Problem("not-allowed", f"you do not belong to publisher {named}")
        return named
    if len(who.publishers) != 1:
        raise Problem(
            "malformed",
            "name the publisher: you belong to " + (", ".join(who.publishers) or "none"),
        )
    return who.publishers[0]


def _still_reopens(svc: Services, subject: str) -> str | None:
    """An expired case takes a new round for a while (S21b); afterwards a new one is opened."""
    with reading(svc.engine) as session:
        state = queries.submission(session, svc.store, subject)
    if state is None:
        return None
    until = state.since + timedelta(seconds=state.terms.reopen_s)
    # A minute of margin: the rules decide a little later than we look.
    return subject if datetime.now(UTC) + timedelta(minutes=1) < until else None

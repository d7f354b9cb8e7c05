"""The difference between two revisions of one GPT, where both are still in the object store."""

from typing import Any

from api.deps import Services
from gonogo.db.lists import is_revision
from gonogo.db.session import reading
from gonogo.objects import ObjectFault
from policies.bundle.difference import difference


def difference_between(svc: Services, gpt: str, old: str, new: str) -> dict[str, Any] | None:
    """From `old` to `new`, or None when one of them is no revision of `gpt` or not there.

    Only revisions of this GPT are opened: a digest from outside must not show another's bundle.
    """
    with reading(svc.engine) as session:
        if not all(is_revision(session, svc.store, gpt, digest) for digest in (old, new)):
            return None
    try:
        found = difference(svc.objects.get_bundle(old), svc.objects.get_bundle(new))
    except ObjectFault:
        return None
    return {"from": old, "to": new, **found.as_json()}

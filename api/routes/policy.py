"""The policy in force: public, so that developers know the rules before they submit."""

from typing import Any

from fastapi import APIRouter, Response

from api.deps import Svc
from api.schema import OPEN_READ

router = APIRouter(tags=["policy"])


@router.get("/v1/policy", responses=OPEN_READ)
def get_policy(svc: Svc, response: Response) -> dict[str, Any]:
    """Limits, clauses, checklist and categories of the pack that new cases pin."""
    pack = svc.pack
    response.headers["ETag"] = f'"{pack.digest}"'
    whole = pack.model_dump(mode="json")
    return {
        "name": pack.name,
        "title": pack.title,
        "digest": pack.digest,
        "limits": whole["limits"],
        "categories": whole["static"]["categories"],
        "knowledge_types": whole["static"]["knowledge_types"],
        "blocking": whole["static"]["blocking"],
        "clauses": whole["review"]["clauses"],
        "checklist": whole["review"]["checklist"],
        "tiers": whole["review"]["tiers"],
        "calendar": whole["calendar"],
        "suites": [
            {"id": suite["id"], "kind": suite["kind"], "weight": suite["weight"]}
            for suite in whole["testing"]["suites"]
        ],
        "waivers": whole["testing"]["waivers"],
        "rollout": whole["rollout"],
    }

"""Who plays the reference story, for which publishers, and under which rules."""

from gonogo.packs import load_pack
from policies.pack import PolicyPack, merge, pack_of

SAN_FRANCISCO = "America/Los_Angeles"
LUMEN, BRICK, NORTH = "pub_lumen", "pub_brickyard", "pub_northlight"
PUBLISHERS = {LUMEN: "Lumen Learning", BRICK: "Brickyard Tools", NORTH: "Northlight Studio"}
FOUNDERS = {LUMEN: "per_ada", BRICK: "per_ben", NORTH: "per_nia"}
# id → name, role
PEOPLE = {
    "per_lea": ("Lea Moreau", "product_lead"),
    "per_max": ("Max Ortiz", "product_lead"),
    "per_sol": ("Sol Nyberg", "safety_oncall"),
    "per_pia": ("Pia Lindqvist", "policy_editor"),
    "per_amy": ("Amy Brandt", "administrator"),
    "per_rui": ("Rui Alves", "reviewer"),
    "per_sena": ("Sena Kaya", "senior_reviewer"),
    "per_ada": ("Ada Obi", "developer"),
    "per_ben": ("Ben Sato", "developer"),
    "per_nia": ("Nia Weiss", "developer"),
}
SYSTEM = "system"
# Gates beside those of the default rules: what builders were asked for in January.
_OF_BUILDERS = (
    {
        "id": "must_approved",
        "title": "Every item that must open is approved",
        "kind": "measured",
        "owner_role": "senior_reviewer",
        "freshness_s": 86_400,
        "waivable_by": "product_lead",
        "least": 1,
    },
    {
        "id": "duties_done",
        "title": "Builders of every item that must open have done what is asked of them",
        "kind": "measured",
        "owner_role": "policy_editor",
        "freshness_s": 86_400,
        "waivable_by": "product_lead",
        "most": 0,
    },
)
ROLES = {
    "product_lead": "product lead",
    "safety_oncall": "safety on call",
    "policy_editor": "policy editor",
    "administrator": "administrator",
    "reviewer": "reviewer",
    "senior_reviewer": "senior reviewer",
    "developer": "developer",
}


def said_of(person: str) -> str:
    """`Lea Moreau (product lead)`; the system is “gonogo”."""
    if person == SYSTEM:
        return "gonogo"
    name, role = PEOPLE[person]
    return f"{name} ({ROLES[role]})"


def story_pack() -> PolicyPack:
    """The default rules at their own pace, in San Francisco's office hours.

    Recorded answers stand in for the models that the GPTs declare; that gap is waived by name, as
    an installation without them would have to.
    """
    waiver = {
        "cause": "stand_in",
        "suites": ["secret-leak", "instruction-leak", "starters"],
        "by": PEOPLE["per_pia"][0],
        "role": "policy_editor",
        "reason": "The models of 2023 cannot be asked any more; recorded answers stand in.",
    }
    freeze = {
        "id": "end-of-year",
        "title": "Nothing starts or grows over the end of the year",
        "kind": "deny",
        "tz": SAN_FRANCISCO,
        "begins": "2023-12-18T12:00",
        "ends": "2024-01-02T09:00",
        "override_role": "safety_oncall",
    }
    value = load_pack("default").model_dump(mode="json")
    over = {
        "name": "reference-story",
        "title": "Rules of the reference story",
        "testing": {"waivers": [waiver]},
        "calendar": {"zone": SAN_FRANCISCO},
        "windows": [freeze],
        "launch": {"gates": [*value["launch"]["gates"], *_OF_BUILDERS]},
    }
    return pack_of(merge(value, over))

"""The reviewer's one screen: differences, veils, why a button is off, undo, what happened since."""

from tests.api.store import CHECKLIST, MODEL, Store, manifest
from tests.api.test_pages import Browser, Page
from tests.api.world import World
from tests.fake_model import Reply

LEAKY = "Never tell {{secret:phrase}}. Always answer with it."


async def test_the_difference_is_to_what_was_approved_and_to_the_round_before(
    store: Store,
) -> None:
    await store.released(manifest(instructions="One.\nTwo."))
    await store.submitted(manifest(instructions="One.\nTwo, mended."))
    case = await store.submitted(manifest(instructions="One.\nTwo, mended again."))

    page = await Browser(store, "rita").page(f"/reviews/{case['id']}")

    assert "What changed since the approved revision" in page.text
    assert "What changed since the round before" in page.text
    assert "-Two.</span>" in page.text
    assert "-Two, mended.</span>" in page.text
    first = page.text.index("since the approved revision")
    assert first < page.text.index("since the round before") < page.text.index("The bundle")


async def test_what_a_violation_says_is_behind_a_warning(store: Store, world: World) -> None:
    def leaks(ask: dict[str, object]) -> Reply:
        messages = ask["messages"]
        assert isinstance(messages, list)
        told = str(messages[0]["content"])
        secret = told.removeprefix("Never tell ").partition(". Always")[0]
        return Reply(f"It is {secret}!", model=MODEL, headers={"connection": "close"})

    before, world.model.script = world.model.script, leaks
    case = await store.submitted(manifest(instructions=LEAKY))
    world.model.script = before

    page = await Browser(store, "rita").page(f"/reviews/{case['id']}")

    veils = [attrs for attrs in page.all("details") if attrs.get("class") == "veil"]
    assert len(veils) == 1
    assert all("open" not in attrs for attrs in page.all("details"))
    assert "May disturb." in page.text
    assert "May disturb." not in page.text[: page.text.index('class="veil"')]


async def test_who_is_refused_reads_what_happened_meanwhile(store: Store) -> None:
    case = await store.claimed(manifest(instructions="One."))
    rita = Browser(store, "rita")
    hidden = (await rita.page(f"/reviews/{case['id']}")).hidden
    await store.submitted(manifest(instructions="Two."), stage="in_review")

    answer = await rita.send(
        f"/reviews/{case['id']}/decisions",
        {**hidden, "verdict": "approve", "checklist": CHECKLIST},
        **{"HX-Request": "true"},
    )

    assert answer.status_code == 409
    assert "What changed in the bundle since you looked" in answer.text
    assert "-One." in answer.text
    assert "+Two." in answer.text
    assert "What happened since you looked" in answer.text
    assert "sent round 2" in answer.text


async def test_every_button_has_its_key_and_its_reason(store: Store) -> None:
    case = await store.submitted()

    page: Page = await Browser(store, "rita").page(f"/reviews/{case['id']}")

    keys = [attrs["data-key"] for _, attrs in page.elements if attrs.get("data-key")]
    assert len(keys) == len(set(keys))
    assert {"c", "a", "r", "x", "q", "b", "t"} <= set(keys)
    ids = {attrs.get("id") for _, attrs in page.elements}
    for attrs in page.all("button"):
        assert "disabled" not in attrs or attrs.get("aria-describedby") in ids

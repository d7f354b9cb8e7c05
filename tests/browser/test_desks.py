"""Work done in a real browser: by keyboard alone, by drop, by picker, by paste."""

import json
import zipfile
from pathlib import Path

from playwright.async_api import BrowserContext, Page, expect

from tests.api.store import manifest
from tests.browser.conftest import SignedIn, Site
from tests.browser.scene import Scene

DROP = """([where, files]) => {
  const carried = new DataTransfer();
  for (const [name, text] of files) carried.items.add(new File([text], name));
  document.querySelector(where).dispatchEvent(
    new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true }));
}"""


async def focused(page: Page) -> str:
    text: str = await page.evaluate("document.activeElement.textContent.trim()")
    return text


async def test_a_case_is_claimed_and_decided_by_keyboard_alone(
    site: Site, signed_in: SignedIn
) -> None:
    case = await site.store.submitted()
    page = await signed_in("rita")
    await page.goto(f"/reviews/{case['id']}")

    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_contain_text("Claim this case")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await page.keyboard.press("c")
    assert await focused(page) == "Claim this case"
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("It is yours")).to_be_visible()
    await page.keyboard.press("g")
    assert await focused(page) == "Give it back"
    for _ in range(3):
        await page.keyboard.press("Tab")
        await page.keyboard.press("Space")
    await page.keyboard.press("a")
    assert await focused(page) == "Approve"
    await page.keyboard.press("Enter")

    await expect(page.get_by_text("Your decision is recorded")).to_be_visible()


async def test_shortcuts_stay_out_of_texts_and_can_be_turned_off(
    site: Site, signed_in: SignedIn
) -> None:
    case = await site.store.claimed()
    page = await signed_in("rita")
    await page.goto(f"/reviews/{case['id']}")

    await page.keyboard.press("n")
    await page.keyboard.type("xa?")
    assert await page.get_by_label("Note to the developer").input_value() == "xa?"
    await page.get_by_role("button", name="Keyboard shortcuts").click()
    await page.get_by_label("Turn shortcuts off").check()
    await page.get_by_role("button", name="Close").click()
    await page.get_by_role("heading", level=1).click()
    await page.keyboard.press("a")

    assert await focused(page) != "Approve"


async def test_a_refused_drop_loses_nothing_and_the_next_one_is_taken(
    site: Site, signed_in: SignedIn
) -> None:
    page = await signed_in("ada")
    await page.goto("/mine/new")
    wrong = json.dumps({**manifest(), "colour": "red", "starters": "no list"})

    await page.evaluate(DROP, ["[data-drop]", [["gpt.yaml", wrong]]])
    await expect(page.get_by_label("Chosen files")).to_contain_text("gpt.yaml")
    await page.get_by_role("button", name="Submit the bundle").click()
    answer = page.locator("form[data-upload] .answer")
    await expect(answer).to_contain_text("all that were found")
    await expect(answer).to_contain_text("colour")
    await expect(answer).to_contain_text("starters")
    await expect(page.get_by_label("Chosen files")).to_contain_text("gpt.yaml")
    await page.evaluate(DROP, ["[data-drop]", [["gpt.yaml", json.dumps(manifest())]]])
    await page.get_by_role("button", name="Submit the bundle").click()

    await page.wait_for_url("**/submissions/**")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Night Sky Guide")


async def test_a_folder_and_a_zip_are_chosen(
    site: Site, signed_in: SignedIn, tmp_path: Path
) -> None:
    folder = tmp_path / "guide"
    (folder / "knowledge").mkdir(parents=True)
    value = manifest("Folder Fox", knowledge=["knowledge/stars.md"])
    (folder / "gpt.yaml").write_text(json.dumps(value))
    (folder / "knowledge" / "stars.md").write_text("Vega is bright.")
    with zipfile.ZipFile(tmp_path / "zip.zip", "w") as archive:
        archive.writestr("zipped/gpt.yaml", json.dumps(manifest("Zip Fox")))
    page = await signed_in("ada")

    for label, path, name in (
        ("Folder", folder, "Folder Fox"),
        ("Files, or one zip", tmp_path / "zip.zip", "Zip Fox"),
    ):
        await page.goto("/mine/new")
        await page.get_by_label(label, exact=True).set_input_files(path)
        await page.get_by_role("button", name="Submit the bundle").click()
        await page.wait_for_url("**/submissions/**")
        await expect(page.get_by_role("heading", level=1)).to_have_text(name)


async def test_a_refused_text_stays_in_the_form(site: Site, signed_in: SignedIn) -> None:
    page = await signed_in("ada")
    await page.goto("/mine/new")

    await page.get_by_label("Name", exact=True).fill("Paste Fox")
    await page.get_by_label("Description").fill("A fox.")
    await page.get_by_label("Instructions").fill("Be a fox.\nBe kind.")
    await page.get_by_label("Model").fill("no model!")
    await page.get_by_role("button", name="Submit the text").click()
    await expect(page.get_by_text("all that were found")).to_be_visible()
    assert await page.get_by_label("Instructions").input_value() == "Be a fox.\nBe kind."
    await page.get_by_label("Model").fill("fake-1")
    await page.get_by_role("button", name="Submit the text").click()

    await page.wait_for_url("**/submissions/**")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Paste Fox")


async def test_what_may_disturb_is_unveiled_by_keyboard_and_remembered_nowhere(
    scene: Scene, profiles: dict[str, BrowserContext]
) -> None:
    page = await profiles["rolf"].new_page()
    await page.goto(f"/reviews/{scene.cases['leaky']}")
    veil = page.locator("details.veil").first
    said = veil.get_by_text("The phrase is").last

    await expect(said).to_be_hidden()
    blur = await veil.locator(".blurred").evaluate("at => getComputedStyle(at).filter")
    assert blur.startswith("blur")
    await veil.locator("summary").focus()
    await page.keyboard.press("Enter")
    await expect(said).to_be_visible()
    await page.reload()

    await expect(said).to_be_hidden()
    await page.close()


async def test_a_decision_is_taken_back_while_the_clock_runs(
    scene: Scene, profiles: dict[str, BrowserContext]
) -> None:
    page = await profiles["rita"].new_page()
    await page.goto(f"/reviews/{scene.cases['regretted']}")

    countdown = page.locator("[data-countdown]")
    await expect(countdown).to_contain_text("left")
    first = await countdown.text_content()
    await expect(countdown).not_to_have_text(first or "")
    await page.keyboard.press("u")
    assert await focused(page) == "Undo"
    await page.keyboard.press("Enter")

    await expect(page.locator("#live")).to_contain_text("In review")
    await page.close()


async def test_a_release_page_keeps_itself_up_to_date(site: Site, signed_in: SignedIn) -> None:
    release = await site.store.rolling()
    page = await signed_in("ada")
    await page.goto(f"/releases/{release['id']}")

    path = f"/v1/releases/{release['id']}"
    await site.store.post(f"{path}/resume", by="lea", version=release["version"])

    await expect(page.locator("#live")).to_contain_text("Completed", timeout=20_000)
    await expect(page.locator("#story")).to_contain_text("Everyone has it now.")

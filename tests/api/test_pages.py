"""The pages without a browser: for every role, hostile names, careful headers, forms that work."""

import html
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from api.pages.submissions import inside_folder
from api.pages.wording import capitalize_first, seen
from tests.api.store import CHECKLIST, PEOPLE, Store, manifest

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
VISITORS = ("/", "/catalogue")
DESKS = ("/mine", "/mine/new", "/reviews", "/releases", "/policy", "/catalogue")


class Page(HTMLParser):
    """What a test asks about a page: its elements, its links, the fields of its forms."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]

    @property
    def links(self) -> set[str]:
        wanted = ("href", "src", "hx-get")
        return {str(a[name]) for _, a in self.elements for name in wanted if a.get(name)}

    @property
    def hidden(self) -> dict[str, str]:
        fields = [a for a in self.all("input") if a.get("type") == "hidden"]
        return {str(a["name"]): str(a["value"]) for a in fields}


class Browser:
    """One person's browser: a cookie, no script."""

    def __init__(self, store: Store, by: str | None) -> None:
        self._store = store
        self._cookie = {"Cookie": store.cookie_of(by)} if by else {}

    async def visit(self, path: str, **headers: str) -> httpx.Response:
        return await self._store.http.get(path, headers={**self._cookie, **headers})

    async def page(self, path: str) -> Page:
        answer = await self.visit(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])
        return Page(answer.text)

    async def send(
        self, path: str, fields: Mapping[str, Any] | None = None, files: Any = None, **headers: str
    ) -> httpx.Response:
        own = {**self._cookie, "Sec-Fetch-Site": "same-origin", **headers}
        return await self._store.http.post(path, data=fields, files=files, headers=own)


def assert_careful(answer: httpx.Response) -> None:
    """No inline script or style anywhere, and what a page needs to be read by everybody."""
    page = Page(answer.text)
    for tag, attrs in page.elements:
        assert "style" not in attrs, (tag, attrs)
        assert not [name for name in attrs if name.startswith("on")], (tag, attrs)
    assert all(attrs.get("src") for attrs in page.all("script"))
    assert not page.all("style")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert page.all("html")[0]["lang"] == "en"
    assert len(page.all("main")) == len(page.all("h1")) == 1
    labelled = {attrs.get("for") for attrs in page.all("label")}
    for tag in ("input", "textarea", "select"):
        for attrs in page.all(tag):
            if attrs.get("type") not in ("hidden", "checkbox"):
                assert attrs.get("id") in labelled, attrs
    ids = [attrs["id"] for _, attrs in page.elements if attrs.get("id")]
    assert len(ids) == len(set(ids))


async def test_every_page_renders_for_every_role(store: Store) -> None:
    case = await store.submitted()
    paths = (*DESKS, f"/submissions/{case['id']}", f"/reviews/{case['id']}")

    answers = {(by, path): await Browser(store, by).visit(path) for by in PEOPLE for path in paths}

    for (by, path), answer in answers.items():
        staff = any(role != "developer" for role in PEOPLE[by])
        restricted = path.startswith(("/reviews", "/submissions"))
        owns = by in ("ada", "twin") and path.startswith("/submissions")
        assert_careful(answer)
        assert (answer.status_code == 200) == (staff or owns or not restricted), (by, path)


@pytest.mark.parametrize("path", VISITORS)
async def test_a_visitor_sees_the_public_pages(store: Store, path: str) -> None:
    answer = await Browser(store, None).visit(path)

    assert answer.status_code == 200
    assert_careful(answer)


async def test_a_visitor_is_sent_to_sign_in_and_comes_back(store: Store) -> None:
    answer = await Browser(store, None).visit("/reviews")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/?next=/reviews"


async def test_every_link_of_a_page_leads_somewhere(store: Store) -> None:
    release = await store.rolling()
    browser = Browser(store, "lea")
    paths = [
        "/reviews",
        "/releases",
        f"/releases/{release['id']}",
        "/catalogue",
        f"/submissions/{release['submission']}",
        f"/reviews/{release['submission']}",
    ]

    links = {link for path in paths for link in (await browser.page(path)).links}

    for link in sorted(links - {"#content"}):
        answer = await browser.visit(html.unescape(link))
        assert answer.status_code in (200, 204, 303), (link, answer.status_code)


async def test_hostile_names_are_text_on_every_page(store: Store) -> None:
    hostile = manifest(
        name=HOSTILE[:55], description=HOSTILE, starters=[HOSTILE], instructions=f"Say {HOSTILE}"
    )
    release = await store.rolling(hostile)
    case, gpt = release["submission"], release["gpt"]
    await store.post(f"/v1/releases/{release['id']}/resume", by="lea", version=release["version"])
    await store.until(f"/v1/listings/{gpt}", lambda found: bool(found["exposure"]["stable"]))

    for by, path in (
        ("ada", "/mine"),
        ("ada", f"/submissions/{case}"),
        ("rita", f"/reviews/{case}"),
        ("lea", "/releases"),
        ("lea", f"/releases/{release['id']}"),
        ("una", "/catalogue"),
    ):
        answer = await Browser(store, by).visit(path)
        assert "alert(1)" in answer.text, path
        assert "<script>alert" not in answer.text
        assert_careful(answer)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("there is no memo mem_01Ab", "There is no memo mem_01Ab"),
        ("rel_01ab is bound elsewhere", "rel_01ab is bound elsewhere"),
        ("only Lea may", "Only Lea may"),
        ("", ""),
        (" ", " "),
    ],
)
def test_a_sentence_begins_with_a_capital_and_no_id_is_changed(said: str, shown: str) -> None:
    assert capitalize_first(said) == shown


def test_characters_without_a_picture_are_named() -> None:
    shown = str(seen("a\u200bb\U000e0041<i>"))

    assert "U+200B" in shown
    assert "U+E0041" in shown
    assert "&lt;i&gt;" in shown
    assert "\u200b" not in shown


async def test_a_gpt_goes_from_upload_to_start_by_forms_alone(store: Store) -> None:
    ada, rita, lea = (Browser(store, name) for name in ("ada", "rita", "lea"))
    upload = await ada.page("/mine/new")
    text = b'{"schema": 1, "name": "Form Fox", "description": "d", "model": "fake-1", \
"instructions": "Be kind.", "starters": ["Hi"]}'

    sent = await ada.send(
        "/mine/new",
        {"key": upload.hidden["key"]},
        files=[
            ("files", ("fox/gpt.yaml", text)),
            ("files", ("fox/.DS_Store", b"x")),
        ],
    )
    case = sent.headers["location"].split("?")[0].rpartition("/")[2]
    await store.until(f"/v1/submissions/{case}", lambda found: found["stage"] == "queued")
    form = await rita.page(f"/reviews/{case}")
    claimed = await rita.send(f"/reviews/{case}/claim", {"key": form.hidden["key"]})
    form = await rita.page(f"/reviews/{case}")
    decided = await rita.send(
        f"/reviews/{case}/decisions",
        {
            "key": form.hidden["key"],
            "digest": form.hidden["digest"],
            "version": form.hidden["version"],
            "verdict": "approve",
            "checklist": CHECKLIST,
        },
    )
    found = await store.until(f"/v1/submissions/{case}", lambda one: bool(one["release"]))
    release = f"/releases/{found['release']}"
    await store.until(f"/v1{release}", lambda one: one.get("phase") == "ready")
    form = await lea.page(release)
    started = await lea.send(
        release,
        {
            "key": form.hidden["key"],
            "version": form.hidden["version"],
            "what": "start",
        },
    )

    assert [a.status_code for a in (sent, claimed, decided, started)] == [303] * 4
    assert "Rolling out" in (await ada.page(release)).text


async def test_a_double_click_is_one_command(store: Store) -> None:
    case = await store.submitted()
    browser = Browser(store, "rita")
    key = (await browser.page(f"/reviews/{case['id']}")).hidden["key"]

    answers = [await browser.send(f"/reviews/{case['id']}/claim", {"key": key}) for _ in "ab"]

    assert [answer.status_code for answer in answers] == [303, 303]
    events = (await store.get(f"/v1/submissions/{case['id']}/events", "rita")).json()["items"]
    assert [one["type"] for one in events].count("submission:review:claimed") == 1


async def test_a_refusal_is_told_inside_the_form_it_belongs_to(store: Store) -> None:
    case = await store.claimed()
    browser = Browser(store, "rita")
    hidden = (await browser.page(f"/reviews/{case['id']}")).hidden
    fields = {**hidden, "verdict": "approve"}

    fragment = await browser.send(
        f"/reviews/{case['id']}/decisions", fields, **{"HX-Request": "true"}
    )
    again = await browser.send(
        f"/reviews/{case['id']}/decisions",
        {**fields, "checklist": CHECKLIST, "attempt": Page(fragment.text).hidden["attempt"]},
        **{"HX-Request": "true"},
    )

    assert fragment.status_code == 422
    assert "checklist" in fragment.text
    assert "<html" not in fragment.text
    assert again.headers["hx-redirect"].startswith(f"/reviews/{case['id']}")


async def test_a_decision_on_what_is_no_longer_there_is_refused(store: Store) -> None:
    case = await store.claimed()
    browser = Browser(store, "rita")
    hidden = (await browser.page(f"/reviews/{case['id']}")).hidden
    await store.submit(manifest(description="Another one."))

    answer = await browser.send(
        f"/reviews/{case['id']}/decisions",
        {**hidden, "verdict": "approve", "checklist": CHECKLIST},
    )

    assert answer.status_code == 409
    assert "moved on" in answer.text


async def test_buttons_that_are_off_say_why(store: Store) -> None:
    case = await store.claimed()

    own = await Browser(store, "twin").page(f"/reviews/{case['id']}")
    other = await Browser(store, "rolf").page(f"/reviews/{case['id']}")

    off = [attrs for attrs in own.all("button") if "disabled" in attrs]
    told = {attrs.get("id") for _, attrs in own.elements}
    assert {str(a.get("value")) for a in off} >= {"approve", "reject", "request_changes", "ask"}
    assert all(str(attrs["aria-describedby"]) in told for attrs in off)
    assert "you belong to the publisher of this GPT" in own.text
    assert "claim the case first" in other.text


async def test_a_live_part_is_sent_only_when_something_moved(store: Store) -> None:
    case = await store.submitted()
    browser = Browser(store, "ada")
    page = await browser.page(f"/submissions/{case['id']}")
    poll = next(str(a["hx-get"]) for _, a in page.elements if a.get("hx-get"))

    same = await browser.visit(poll, **{"HX-Request": "true"})
    await store.post(f"/v1/reviews/{case['id']}/claim", by="rita")
    moved = await browser.visit(poll, **{"HX-Request": "true"})

    # The minute may have ended between page and poll; then the distances are told anew.
    assert same.status_code in (200, 204)
    assert moved.headers["hx-refresh"] == "true"


async def test_every_state_says_whose_turn_by_when_and_what_unblocks(store: Store) -> None:
    case = await store.submitted()

    page = await Browser(store, "ada").page(f"/submissions/{case['id']}")

    for words in ("Whose turn", "A reviewer", "By when", "What unblocks it"):
        assert words in page.text
    assert re.search(r'<time datetime="[^"]+"', page.text)


async def test_what_colleagues_think_before_two_agree_stays_among_them(store: Store) -> None:
    actions = [
        {
            "name": "Sky",
            "openapi": "a.yaml",
            "auth": "api_key",
            "privacy_policy_url": "https://sky.example/privacy",
        }
    ]
    document = (
        "openapi: 3.0.0\ninfo: {title: t, version: '1'}\n"
        "servers: [{url: 'https://sky.example/v1'}]\npaths: {/now: {get: {responses: {}}}}\n"
    )
    case = await store.submitted(manifest(actions=actions), **{"a.yaml": document})
    await store.post(f"/v1/reviews/{case['id']}/claim", by="rita")
    seen_case = (await store.get(f"/v1/submissions/{case['id']}", "rita")).json()
    await store.decide(seen_case, note="Only between us.")

    developer = await Browser(store, "ada").page(f"/submissions/{case['id']}")
    colleague = await Browser(store, "rolf").page(f"/reviews/{case['id']}")
    told = await store.get(f"/v1/submissions/{case['id']}/events", "ada")
    told_inside = await store.get(f"/v1/submissions/{case['id']}/events", "rolf")

    assert "Only between us." not in told.text
    assert "Only between us." in told_inside.text
    assert "Only between us." not in developer.text
    assert "Rita" not in developer.text
    assert "Only between us." in colleague.text


async def test_a_refused_bundle_shows_all_its_faults(store: Store) -> None:
    files = [("files", ("x/gpt.yaml", b"schema: 1\nnam: <b>\n")), ("files", ("x/y.txt", b"y"))]

    answer = await Browser(store, "ada").send("/mine/new", {"key": "form_1"}, files=files)

    assert answer.status_code == 422
    assert "does not name this file" in answer.text
    assert "this key is required" in answer.text
    assert_careful(answer)


async def test_a_stop_is_told_where_a_release_says_everyone_gets_it(store: Store) -> None:
    release = await store.rolling()
    await store.post(
        "/v1/stops", {"scope": "gpt", "target": release["gpt"], "reason": "unsafe"}, by="sam"
    )

    page = await Browser(store, "lea").page(f"/releases/{release['id']}")

    assert "A stop covers this GPT" in page.text


async def test_a_pause_with_a_sentence_tells_the_sentence(store: Store) -> None:
    case = await store.approved()
    path = f"/v1/releases/{case['release']}"
    ready = await store.until(path, lambda one: one["phase"] == "ready")
    await store.post(f"{path}/start", by="lea", version=ready["version"])
    await store.post(f"{path}/pause", {"reason": "Look at the numbers first."}, by="lea")

    page = await Browser(store, "ada").page(f"/releases/{case['release']}")

    assert "Look at the numbers first." in page.text


def test_a_chosen_folder_is_the_bundle_without_its_own_name() -> None:
    files = {"fox/gpt.yaml": b"a", "fox/knowledge/x.md": b"b", "fox/.git/config": b"c"}

    assert inside_folder(files) == {"gpt.yaml": b"a", "knowledge/x.md": b"b"}
    assert inside_folder({"gpt.yaml": b"a"}) == {"gpt.yaml": b"a"}
    assert inside_folder({"gpt.yaml": b"a", "k/../../x": b"b"}) == {
        "gpt.yaml": b"a",
        "k/../../x": b"b",
    }

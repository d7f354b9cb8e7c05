"""Every template with hostile and missing content: subjects stay one line, HTML stays text."""

import html
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gonogo.notices.rendering import (
    NOTE_MOST,
    SUBJECT_MOST,
    Renderer,
    Sheet,
    clean,
    one_line,
    templates,
)
from gonogo.zones import place_target
from policies.rules.notice_facts import Facts
from policies.rules.notice_topics import NOTICES
from policies.rules.notices import TOLD_OF

HOSTILE = (
    "<script>alert(1)</script>\"'>\r\nBcc: everyone@example.org\r\n\r\n{{ 7*7 }}{% raw %}"
    "\x00\x1b[2J\u202eevil\u2028next\u2029 <img src=x onerror=alert(2)>"
)
RENDERER = Renderer("https://store.example", "Europe/London")
AT = "2026-04-01T12:00:00Z"
FULL = Facts(
    gpt="gpt_1",
    publisher="pub_1",
    case="sub_1",
    release="rel_1",
    round=2,
    due_at=AT,
    until=AT,
    at=AT,
    what="breach",
    reason=HOSTILE,
    why=(HOSTILE, "tests_missing"),
    clauses=("harm", HOSTILE),
    blocked_by=(HOSTILE,),
    note="prose:1",
    step=1,
    steps=3,
    weight_bp=2_550,
    scope="gpt",
    target=HOSTILE,
    pack="p",
    endpoint="whk_1",
    date=place_target("2031-03-10T10:00", "Asia/Tokyo").target.as_json(),
)
TYPES = sorted(TOLD_OF)


def sheet(notice: str, type_: str, facts: Facts, name: str = HOSTILE) -> Sheet:
    return Sheet(notice, type_, facts, "/submissions/sub_1", name, HOSTILE, {"harm": HOSTILE})


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, list[str]]] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, [name for name, _ in attrs]))
        self.links += [str(value) for name, value in attrs if name in ("href", "src")]


def test_every_notice_has_a_folder_and_every_folder_a_notice() -> None:
    assert set(templates()) == set(NOTICES) | {"digest", "confirm_address"}


@pytest.mark.parametrize("notice", sorted(NOTICES))
@pytest.mark.parametrize("facts", [FULL, Facts()], ids=["full", "empty"])
def test_every_template_takes_hostile_content_and_missing_facts(notice: str, facts: Facts) -> None:
    for type_ in TYPES:
        made = RENDERER.render(sheet(notice, type_, facts))

        assert made.subject
        assert made.subject.isprintable()
        assert len(made.subject) <= SUBJECT_MOST
        tags = Tags(made.html)
        assert {tag for tag, _ in tags.found} <= {
            *("html", "head", "meta", "title", "body", "h1", "p", "a", "hr", "small"),
            *("blockquote", "br"),
        }
        assert all(not name.startswith("on") for _, names in tags.found for name in names)
        assert all(link.startswith("https://store.example/") for link in tags.links)
        for text in (made.text, html.unescape(made.html)):
            assert "\x1b" not in text
            assert "\u202e" not in text
            assert "49" not in text.replace("2026", "")
        assert "https://store.example/submissions/sub_1" in made.text
        assert "https://store.example/inbox/preferences" in made.text


def test_a_note_is_shown_to_whoever_it_was_written_for_and_cut_where_it_never_ends() -> None:
    asked = Sheet("question", "submission:review:asked", FULL, "/x", "Sky", "why? " * 10_000)

    made = RENDERER.render(asked)

    assert "why? why?" in made.text
    assert len(made.text) < NOTE_MOST + 1_000


def test_times_are_told_in_the_stores_zone_with_its_name() -> None:
    made = RENDERER.render(Sheet("tested", "t", FULL, "/x", "Sky"))

    assert "Wednesday 1 April 2026, 13:00 BST" in made.text


@pytest.mark.parametrize(
    ("notice", "words"),
    [("launch_replanned", "has a new date"), ("launch_sooner", "is brought forward")],
)
def test_a_new_date_is_told_in_the_zone_of_its_launch_and_stays_right(
    notice: str, words: str
) -> None:
    made = RENDERER.render(Sheet(notice, "launch:replanned", FULL, "/x", "Sky"))
    month = place_target("2031-04", "Asia/Tokyo").target.as_json()
    wide = RENDERER.render(Sheet(notice, "t", replace(FULL, date=month), "/x", "Sky"))

    for text in (made.text, made.html):
        assert f"Sky {words}: it opens on Monday 10 March 2031 at 10:00 (Tokyo). A" in text
    assert "it opens in April 2031. A" in wide.text
    without = RENDERER.render(Sheet(notice, "t", Facts(), "/x", "Sky")).text
    assert f"Sky {words}. A" in without


def test_a_digest_lists_what_happened_and_says_how_much_it_leaves_out() -> None:
    parts = [sheet("tested", "t", FULL), sheet("question", "q", FULL, "Sky")]

    made = RENDERER.digest(parts, 3)

    assert made.subject == "5 notices of your day"
    assert "A reviewer has a question: Sky" in made.text
    assert "and 3 more in your inbox" in made.text
    assert "<script>" not in made.html


@given(st.text(max_size=500))
def test_a_line_is_one_line_whatever_it_is_made_of(text: str) -> None:
    line = one_line(text, 80)

    assert len(line) <= 80
    assert line == "" or line.isprintable()
    assert len(line.splitlines()) <= 1


@given(st.text(max_size=300))
def test_cleaning_again_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)

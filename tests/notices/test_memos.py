"""One record, two audiences, two languages: memos say what happened, and no more than they may."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from gonogo.notices.memos import FOLDER, Corrected, MemoRenderer, MemoSheet, as_html
from policies.pack_launch import Duty
from policies.rules.memo_facts import AUDIENCES, KINDS, LOCALES, REASONS, MemoFacts
from policies.rules.target import Target, resolve
from policies.rules.target_text import parse

ZONE = "America/Los_Angeles"
BASE = "https://store.example"
AT = datetime(2023, 11, 30, 18, tzinfo=UTC)
HOSTILE = "Store\r\nBcc: all@example.org\x1b[31m <script>alert(1)</script> {{ 7 * 7 }} \u202e"


def on(text: str) -> Target:
    return resolve(parse(text), ZoneInfo(ZONE), name=ZONE, tzdata="test").target


FULL = MemoFacts(
    kind="postponed",
    at=AT,
    decided_by=("per_lead", "per_second"),
    before=on("2023-12"),
    after=on("early 2024"),
    reason="unexpected",
    note="prose:1",
    nth=2,
    moved=40,
    flagged=3,
    decide_by=AT,
    choice="wait",
    review_by=AT,
    wave=2,
    opened=37,
    excluded=3,
)
BARE = MemoFacts(kind="postponed", at=AT, after=on("tbd by 2024-03-15"))
SUBJECTS = {
    "internal/en": "SECRET-NOTE of May",
    "internal/fr": "SECRET-NOTE de mai",
    "public/en": "The GPT Store opens in May",
    "public/fr": "The GPT Store ouvre en mai",
}
EARLIER = Corrected("mem_1", SUBJECTS, AT)


def sheet(
    kind: str = "postponed", facts: MemoFacts = FULL, name: str = "The GPT Store"
) -> MemoSheet:
    return MemoSheet(
        facts=replace(facts, kind=kind),
        launch="lch_1",
        name=name,
        tz=ZONE,
        names={"per_lead": "Mira Lead", "per_second": "Greg Second"},
        note="SECRET-NOTE first line\nsecond line",
        duties=(Duty(id="accept", title="Accept the policies", titles={"fr": "Acceptez-les"}),),
        corrects=EARLIER if kind == "corrected" else None,
        wrong="It is January." if kind == "corrected" else None,
    )


def written(of: MemoSheet, audience: str = "public", locale: str = "en") -> str:
    made = MemoRenderer(BASE).render(of, audience, locale)
    return f"{made.subject}\n\n{made.text}"


def test_what_builders_owe_is_said_in_their_language_or_as_the_pack_says_it() -> None:
    both = [written(sheet("planned"), locale=locale) for locale in ("en", "fr")]
    plain = replace(sheet("planned"), duties=(Duty(id="accept", title="Accept the policies"),))

    assert "- Accept the policies\n" in both[0]
    assert "- Acceptez-les\n" in both[1]
    assert "- Accept the policies\n" in written(plain, locale="fr")


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("facts", [FULL, BARE], ids=["full", "bare"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_memo_is_written_whatever_is_known(
    kind: str, facts: MemoFacts, audience: str, locale: str
) -> None:
    made = MemoRenderer(BASE).render(sheet(kind, facts), audience, locale)

    assert "The GPT Store" in made.text
    # A launch's board is not for visitors: they are led to what they were told of it.
    assert (f"{BASE}/launches/lch_1" in made.text) is (audience == "internal")
    assert (f"{BASE}/announcements" in made.text) is (audience == "public")
    assert not {"None", "{{", "{%", "\n\n\n"} & {made.text, made.subject}
    for odd in ("None", "{{", "{%", "\n\n\n", "  "):
        assert odd not in made.text
        assert odd not in made.subject


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_public_memo_tells_neither_names_nor_notes_nor_numbers_from_inside(
    kind: str, locale: str
) -> None:
    told = written(sheet(kind), "public", locale)

    for inside in ("Mira", "Greg", "SECRET-NOTE", "unexpected", "40", "per_"):
        assert inside not in told


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en", ["Mira Lead and Greg Second", "> second line", "Was: in December", "40 items"]),
        ("fr", ["Mira Lead et Greg Second", "> second line", "Avant : en décembre", "40 éléments"]),
    ],
)
def test_an_internal_memo_tells_who_decided_why_and_what_to_do(
    locale: str, words: list[str]
) -> None:
    told = written(sheet(), "internal", locale)

    for word in words:
        assert word in told


@pytest.mark.parametrize(
    ("locale", "words"),
    [("en", "Friday 1 December 2023, 03:00 JST"), ("fr", "vendredi 1 décembre 2023, 03:00 JST")],
)
def test_times_are_those_of_the_zone_of_the_launch(locale: str, words: str) -> None:
    there = replace(sheet(), tz="Asia/Tokyo")

    assert words in written(there, "public", locale)
    assert written(there, "internal", locale).count(words) == 2  # decided, and choose until
    assert words in written(replace(sheet("held"), tz="Asia/Tokyo"), "internal", locale)
    corrected = replace(sheet("corrected"), tz="Asia/Tokyo")
    assert words in written(corrected, "public", locale)


def test_a_correction_quotes_to_everybody_what_everybody_read() -> None:
    only_english = replace(EARLIER, subjects={"public/en": SUBJECTS["public/en"]})
    erased = replace(EARLIER, subjects={"internal/en": "SECRET-NOTE of May"})

    assert SUBJECTS["public/fr"] in written(sheet("corrected"), "public", "fr")
    assert SUBJECTS["internal/en"] in written(sheet("corrected"), "internal", "en")
    there = replace(sheet("corrected"), corrects=only_english)
    assert SUBJECTS["public/en"] in written(there, "public", "fr")
    assert "(erased)" in written(replace(there, corrects=erased), "public", "en")


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_name_stays_a_name(kind: str, audience: str, locale: str) -> None:
    of = sheet(kind, name=HOSTILE)
    of = replace(
        of, corrects=of.corrects and replace(EARLIER, subjects=dict.fromkeys(SUBJECTS, HOSTILE))
    )

    made = MemoRenderer(BASE).render(of, audience, locale)

    assert "\n" not in made.subject
    assert not {"\r", "\x1b", "\u202e"} & set(made.subject + made.text)
    assert "49" not in made.text
    assert not any(line.startswith("Bcc:") for line in made.text.splitlines())
    assert "<script>" not in as_html(made.text, BASE)


@pytest.mark.parametrize(
    ("kind", "at", "before", "after", "said"),
    [
        ("planned", (2023, 11, 6), None, "2023-11", "opens later this month."),
        (
            "postponed",
            (2023, 11, 20),
            "2023-11",
            "2023-12",
            "will open in December, not later",
        ),
        ("postponed", (2023, 11, 30), "2023-12", "early 2024", "will open early next year, not in"),
        ("planned", (2024, 1, 4), "early 2024", "week of 2024-01-08", "opens next week (8–14 Jan"),
        ("narrowed", (2024, 1, 9), None, "2024-01-10T10:00", "tomorrow, Wednesday 10 January 2024"),
    ],
)
def test_the_dates_of_a_store_that_opened_late_as_people_said_them(
    kind: str, at: tuple[int, int, int], before: str | None, after: str, said: str
) -> None:
    facts = replace(
        BARE,
        at=datetime(*at, 18, tzinfo=UTC),
        before=on(before) if before else None,
        after=on(after),
    )

    assert said in written(sheet(kind, facts))


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("reason", REASONS)
def test_insiders_read_a_reason_in_words_of_their_language(reason: str, locale: str) -> None:
    told = written(sheet(facts=replace(FULL, reason=reason)), "internal", locale)

    (line,) = [line for line in told.splitlines() if line.startswith(("Reason: ", "Motif : "))]
    assert line.partition(": ")[2] != reason
    assert " " in line.partition(": ")[2]


def test_a_postponement_says_why_in_words_for_everybody() -> None:
    assert "Unexpected things have kept us busy." in written(sheet())
    assert "Des imprévus nous ont occupés." in written(sheet(), locale="fr")
    odd = sheet(facts=replace(FULL, reason="ceo_on_holiday"))
    assert "holiday" not in written(odd)
    assert "ceo on holiday" in written(odd, "internal")


@pytest.mark.parametrize("locale", LOCALES)
def test_every_reason_has_words_in_every_language(locale: str) -> None:
    plain = written(sheet(facts=replace(FULL, reason=None)), locale=locale)
    texts = {written(sheet(facts=replace(FULL, reason=one)), locale=locale) for one in REASONS}

    assert len(texts | {plain}) == len(REASONS) + 1


@pytest.mark.parametrize("choice", ["wait", "ship_alone", "withdraw"])
def test_developers_are_told_what_counts_as_chosen(choice: str) -> None:
    told = written(sheet(facts=replace(FULL, choice=choice)))

    assert "Tell us by Thursday 30 November 2023, 10:00 PST." in told
    assert "If we hear nothing, it " in told


def test_a_correction_names_and_links_what_it_corrects() -> None:
    told = written(sheet("corrected"))

    assert told.startswith("Correction: The GPT Store opens in May\n")
    assert f"\n{BASE}/memos/mem_1\n" in told
    assert "It is January." in told


@pytest.mark.parametrize(
    ("of", "audience", "locale"),
    [
        (sheet("unheard-of"), "public", "en"),
        (sheet(), "everybody", "en"),
        (sheet(), "public", "../fr"),
        (replace(sheet("corrected"), corrects=None), "public", "en"),
        (replace(sheet("planned"), corrects=EARLIER), "public", "en"),
        (sheet("planned", replace(FULL, after=None)), "public", "en"),
    ],
)
def test_what_nobody_can_write_is_refused(of: MemoSheet, audience: str, locale: str) -> None:
    with pytest.raises(ValueError):
        MemoRenderer(BASE).render(of, audience, locale)


def test_html_says_what_the_text_says_and_links_only_to_ourselves() -> None:
    text = f"One\ntwo <b>\n\n- a\n- b & c\n\n{BASE}/launches/lch_1\n\nhttps://evil.example/x\n"

    assert as_html(text, BASE) == (
        "<p>One<br>two &lt;b&gt;</p>\n"
        "<ul><li>a</li><li>b &amp; c</li></ul>\n"
        f'<p><a href="{BASE}/launches/lch_1">{BASE}/launches/lch_1</a></p>\n'
        "<p>https://evil.example/x</p>"
    )
    assert "href" not in as_html(f'{BASE}/" onclick="x\n', BASE)


def test_html_sets_off_what_somebody_said_in_their_own_words() -> None:
    text = f"In their own words:\n> Two left. <b>\n>\n> {BASE}/launches/lch_1\nDecided\n"

    assert as_html(text, BASE) == (
        "<p>In their own words:</p>\n"
        f"<blockquote>Two left. &lt;b&gt;<br><br>{BASE}/launches/lch_1</blockquote>\n"
        "<p>Decided</p>"
    )


def test_every_language_has_every_template() -> None:
    for locale in LOCALES:
        folders = {path.name for path in (FOLDER / locale).iterdir() if path.is_dir()}
        assert folders == set(KINDS)

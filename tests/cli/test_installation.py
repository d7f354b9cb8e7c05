"""Commands that work on the database itself: init, people, audit, rebuild, recover, doctor."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gonogo.cli.doctor import Check, examine
from gonogo.cli.doctor.undecidable import undecidable
from gonogo.db.codec import picture_values
from gonogo.db.enrolment import Door, Enrolment, Known
from gonogo.db.identity import Identity, well_formed
from gonogo.db.session import engine_of, writing
from gonogo.db.tables import SubmissionPicture
from gonogo.packs import load_pack
from gonogo.settings import Settings
from policies.lifecycle.submission_state import Stage, Submission, terms_of
from policies.lifecycle.terms import terms_from
from tests.cli.conftest import Shell

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of the folder that the shell's commands work on; no port of it is in use."""
    return Settings(data=tmp_path / "data", port=9, temporal_address="127.0.0.1:9", model_port=9)


def case(**more: object) -> Submission:
    made = Submission(
        id="sub_1",
        store="default",
        gpt="gpt_1",
        publisher="pub_1",
        submitter="per_dev",
        terms=terms_of(terms_from(load_pack("default"))),
        stage=Stage.QUEUED,
        digest="d" * 64,
        since=NOW,
        opened_at=NOW,
        seq=3,
        tier="low",
        evidence=("e" * 64,),
    )
    return replace(made, **more)  # type: ignore[arg-type]  # fields by name


def test_init_makes_one_administrator_and_shows_the_token_once(gonogo: Shell) -> None:
    first, second = gonogo("init"), gonogo("init")

    token = first.out.strip()
    assert first.code == 0
    assert well_formed(token)
    assert second.code == 1
    assert token not in second.out + second.err


def test_people_join_publishers_that_are_there(gonogo: Shell, settings: Settings) -> None:
    gonogo("init")
    publisher = gonogo("publishers", "add", "Lumen", "--verified").out.strip()

    added = gonogo("people", "add", "Dana", "--role", "developer", "--publisher", publisher)
    unknown = gonogo("people", "add", "Rey", "--role", "reviewer", "--publisher", "pub_none")
    no_role = gonogo("people", "add", "Kim", "--role", "king")

    identity = Identity(engine_of(settings.database), "default")
    entered = identity.entered(added.out.strip())
    assert entered is not None
    assert (entered.actor.roles, entered.actor.publishers) == (("developer",), (publisher,))
    assert (unknown.code, no_role.code) == (1, 2)


def test_another_token_is_for_somebody_who_is_there(gonogo: Shell, settings: Settings) -> None:
    person = json.loads(gonogo("init", "--json").out)["person"]

    made = gonogo("people", "token", person, "--days", "3")
    nobody = gonogo("people", "token", "per_none")

    identity = Identity(engine_of(settings.database), "default")
    assert identity.entered(made.out.strip()) is not None
    assert nobody.code == 1


@pytest.mark.parametrize("words", [("audit", "verify"), ("rebuild",), ("recover",)])
def test_looking_after_a_record_that_is_not_there_makes_none(
    gonogo: Shell, settings: Settings, words: tuple[str, ...]
) -> None:
    told = gonogo(*words)

    assert told.code == 3
    assert not settings.data.exists()


def test_a_sound_record_verifies_and_rebuilds(gonogo: Shell) -> None:
    gonogo("init")

    verified, rebuilt = gonogo("audit", "verify", "--json"), gonogo("rebuild", "--json")

    assert (verified.code, rebuilt.code) == (0, 0)
    found = json.loads(verified.out)
    assert (found["ok"], found["faults"], found["events"]) == (True, [], 0)
    assert json.loads(rebuilt.out) == {"subjects": 0, "differences": []}


def test_a_picture_that_no_event_drew_is_named(gonogo: Shell, settings: Settings) -> None:
    gonogo("init")
    with writing(engine_of(settings.database)) as session:
        session.add(SubmissionPicture(**picture_values("submission", case())))

    told = gonogo("rebuild")

    assert "sub_1" in told.out


def test_doctor_finds_what_is_down_and_says_what_to_do(gonogo: Shell, settings: Settings) -> None:
    gonogo("init")

    found = {check.name: check for check in examine(settings)}

    assert found["schema"].state == found["objects"].state == found["policy pack"].state == "ok"
    assert found["journal mode"] == Check("ok", "journal mode", "wal")
    for name in ("orchestrator", "model", "API"):
        assert found[name].state == "fail"
        assert "gonogo up" in found[name].remedy


def test_doctor_never_ends_with_a_traceback(tmp_path: Path) -> None:
    settings = Settings(
        data=tmp_path / "none",
        pack="nonsense",
        port=9,
        model_port=9,
        temporal_address="127.0.0.1:9",
        database_url=f"sqlite:///{tmp_path}/missing/gonogo.db",
    )

    found = examine(settings)

    assert {check.name for check in found if check.state == "fail"} >= {"policy pack", "database"}


def test_a_case_that_nobody_may_decide_is_named(gonogo: Shell, settings: Settings) -> None:
    gonogo("init")
    engine = engine_of(settings.database)
    identity = Identity(engine, "default")
    identity.add_publisher("Lumen", verified=True, publisher="pub_1")
    identity.add_person("Twin", ("reviewer",), ("pub_1",), "per_twin")
    with writing(engine) as session:
        session.add(SubmissionPicture(**picture_values("submission", case())))

    alone = undecidable(engine, "default")
    identity.add_person("Rita", ("reviewer",), (), "per_rita")

    assert alone == [("sub_1", "nobody may claim it")]
    assert undecidable(engine, "default") == []


def test_a_held_case_needs_somebody_who_has_not_spoken(gonogo: Shell, settings: Settings) -> None:
    gonogo("init")
    engine = engine_of(settings.database)
    Identity(engine, "default").add_person("Rita", ("reviewer",), (), "per_rita")
    held = case(stage=Stage.HELD, spoken=("per_rita",))
    with writing(engine) as session:
        session.add(SubmissionPicture(**picture_values("submission", held)))

    assert undecidable(engine, "default") == [("sub_1", "nobody may confirm it")]


def test_an_operator_invites_who_has_a_token_already(gonogo: Shell, settings: Settings) -> None:
    person = json.loads(gonogo("init", "--json").out)["person"]

    invited = gonogo("people", "invite", person, "Admin@Store.example")
    nobody = gonogo("people", "invite", "per_none", "x@store.example")
    no_address = gonogo("people", "invite", person, "nonsense")

    engine = engine_of(settings.database)
    known = Known("https://id.example", "s-1", email="admin@store.example")
    assert Enrolment(engine, "default").admit(known, Door({})) == person
    assert "invited until" in invited.out
    assert (nobody.code, no_address.code) == (1, 2)

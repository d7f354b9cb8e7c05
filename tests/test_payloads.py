"""Sealed payloads: Temporal reads nothing, keys rotate, a missing one is told in clear words."""

import asyncio
import base64
import stat
from pathlib import Path

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure as FailureProto
from temporalio.client import WorkflowHistory
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from gonogo.payloads import (
    ENCODING,
    PayloadKeyFault,
    PayloadKeyMissing,
    Sealed,
    add_key,
    read_keys,
)
from gonogo.settings import Settings
from gonogo.temporal import CONVERTER, converter
from gonogo.up import temporal_binary
from gonogo.worker import RUNNER, WORKFLOWS
from tests.workflows.house import ADA, RUI, House, pack_with

PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=b'{"digest": "d1"}')
A, B = ("a", b"a" * 32), ("b", b"b" * 32)


async def test_a_payload_comes_back_and_reads_as_noise_in_between() -> None:
    sealed = Sealed([A])

    (first,) = await sealed.encode([PLAIN])
    (second,) = await sealed.encode([PLAIN])

    assert first.metadata == {"encoding": ENCODING, "key": b"a"}
    assert b"digest" not in first.SerializeToString()
    assert first.data != second.data  # a nonce is used once
    assert await sealed.decode([first, second]) == [PLAIN, PLAIN]


async def test_the_first_key_encrypts_and_every_key_decrypts() -> None:
    (old,) = await Sealed([A]).encode([PLAIN])
    rotated = Sealed([B, A])
    (new,) = await rotated.encode([PLAIN])

    assert new.metadata["key"] == b"b"
    assert await rotated.decode([old, new, PLAIN]) == [PLAIN, PLAIN, PLAIN]
    with pytest.raises(PayloadKeyMissing, match="no key 'b' in GONOGO_PAYLOAD_KEYS_FILE"):
        await Sealed([A]).decode([new])


@pytest.mark.parametrize("damage", ["data", "short", "key", "wrong"])
async def test_what_was_tampered_with_does_not_open(damage: str) -> None:
    (sealed,) = await Sealed([A]).encode([PLAIN])
    keys = [A, B]
    if damage == "data":
        sealed.data = sealed.data[:-1] + bytes([sealed.data[-1] ^ 1])
    elif damage == "short":
        sealed.data = sealed.data[:8]
    elif damage == "key":
        sealed.metadata["key"] = b"b"
    else:
        keys = [("a", b"x" * 32)]

    with pytest.raises(PayloadKeyMissing, match="does not open"):
        await Sealed(keys).decode([sealed])


def test_a_new_key_goes_on_top_and_the_file_is_private(tmp_path: Path) -> None:
    file = tmp_path / "keys"

    add_key(file, "one")
    add_key(file, "two")

    assert [name for name, _ in read_keys(file)] == ["two", "one"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(PayloadKeyFault, match="no new id"):
        add_key(file, "one")
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]


GOOD = base64.b64encode(b"k" * 32).decode()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no key"),
        ("# only a comment\n", "holds no key"),
        (f"one {GOOD[:20]}\n", "line 1"),
        (f"one {base64.b64encode(b'short').decode()}\n", "has 5 bytes"),
        (f"one {GOOD}\none {GOOD}\n", "twice"),
        (f"sp@ce {GOOD}\n", "an id has"),
        ("\x00\xff" * 50_000, "is no keys file"),
        ("".join(f"k{n} {GOOD}\n" for n in range(101)), "more than 100"),
    ],
)
def test_a_bad_keys_file_says_where_and_shows_no_key(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "keys"
    file.touch(0o600)
    file.write_text(text, "utf-8")

    with pytest.raises(PayloadKeyFault, match=said) as caught:
        read_keys(file)

    assert GOOD[:20] not in str(caught.value)


def test_a_keys_file_that_others_may_read_or_that_is_missing_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    add_key(file, "one")
    file.chmod(0o640)

    with pytest.raises(PayloadKeyFault, match="chmod 600"):
        read_keys(file)
    with pytest.raises(PayloadKeyFault, match="cannot read"):
        converter(Settings(payload_keys_file=tmp_path / "none"))


async def test_failures_are_sealed_too(tmp_path: Path) -> None:
    add_key(tmp_path / "keys", "one")
    sealed, kept = converter(Settings(payload_keys_file=tmp_path / "keys")), FailureProto()

    await sealed.encode_failure(ApplicationError("the moon", "is cheese", type="Odd"), kept)
    wire = kept.SerializeToString()
    back = await sealed.decode_failure(kept)

    assert b"moon" not in wire
    assert b"cheese" not in wire
    assert isinstance(back, ApplicationError)
    assert (back.message, back.details) == ("the moon", ("is cheese",))


async def _history(folder: Path, settings: Settings) -> tuple[bytes, str]:
    """A case as Temporal's own files hold it, and its history as text."""
    files = folder / "temporal.db"
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=temporal_binary(),
        dev_server_database_filename=str(files),
        data_converter=converter(settings),
    ) as env:
        house = House(env.client, f"sqlite:///{folder}/house.db", pack_with())
        async with house.worker(), house.prober():
            subject = await house.queued(digest="digest-of-the-bundle")
            await house.give("claim", subject, RUI)
            history = await env.client.get_workflow_handle("case/default/gpt_a").fetch_history()
        house.engine.dispose()
    raw = await asyncio.to_thread(
        lambda: b"".join(path.read_bytes() for path in folder.glob("temporal.db*"))
    )
    return raw + b"".join(e.SerializeToString() for e in history.events), history.to_json()


async def test_nothing_of_a_case_is_readable_in_temporal_and_it_replays_with_the_key(
    tmp_path: Path,
) -> None:
    add_key(tmp_path / "keys", "one")
    settings = Settings(payload_keys_file=tmp_path / "keys")
    words = [b"digest-of-the-bundle", ADA.id.encode(), RUI.id.encode(), b"pub_a"]
    for name in ("plain", "sealed"):
        (tmp_path / name).mkdir()

    plain, _ = await _history(tmp_path / "plain", Settings())
    sealed, text = await _history(tmp_path / "sealed", settings)

    assert [word in plain for word in words] == [True] * 4  # else this test would prove nothing
    assert [word for word in words if word in sealed] == []
    history = WorkflowHistory.from_json("case/default/gpt_a", text)
    for data_converter, holds in ((converter(settings), True), (CONVERTER, False)):
        replayer = Replayer(
            workflows=WORKFLOWS, workflow_runner=RUNNER, data_converter=data_converter
        )
        result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
        assert (result.replay_failure is None) is holds


@pytest.mark.parametrize("path", sorted((Path(__file__).parent / "golden").glob("*.json")))
async def test_histories_from_before_sealing_replay_with_keys(path: Path, tmp_path: Path) -> None:
    add_key(tmp_path / "keys", "one")
    replayer = Replayer(
        workflows=WORKFLOWS,
        workflow_runner=RUNNER,
        data_converter=converter(Settings(payload_keys_file=tmp_path / "keys")),
    )

    text = await asyncio.to_thread(path.read_text, "utf-8")
    history = WorkflowHistory.from_json(f"golden/{path.stem}", text)
    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)

    assert result.replay_failure is None

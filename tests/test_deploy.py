"""The files of deploy/: pinned, hardened, well-formed, about commands and settings that exist."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from gonogo.cli.app import app
from gonogo.cli.doctor.machine import known_variables
from gonogo.db.session import engine_of
from gonogo.settings import Settings
from tests.conftest import require

DEPLOY = Path(__file__).parents[1] / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
SCRIPTS = sorted(DEPLOY.rglob("*.sh"))
# An image is a repository and one exact version; "latest" and floating minors are none.
PINNED = r"^[a-z0-9./-]+:\d+\.\d+(\.\d+)?(-[a-z0-9.]+)*(@sha256:[0-9a-f]{64})?$"


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Health(Strict):
    test: list[str] = Field(min_length=2)
    interval: str
    timeout: str
    retries: int = Field(ge=1)
    start_period: str = "0s"


class Needs(Strict):
    condition: Literal["service_healthy", "service_completed_successfully", "service_started"]


class Build(Strict):
    context: str
    dockerfile: str


class EnvFile(Strict):
    path: str
    required: bool


def _named(value: Any) -> Any:
    return [one["source"] if isinstance(one, dict) else one for one in value]


class Service(Strict):
    """What we use of the compose specification; anything else is a typo until it is added here."""

    image: str = Field(pattern=PINNED)
    build: Build | None = None
    command: list[str] | None = None
    entrypoint: list[str] | None = None
    environment: dict[str, str] = {}
    env_file: list[EnvFile] = []
    secrets: Annotated[list[str], BeforeValidator(_named)] = []
    volumes: list[str] = []
    networks: list[str] = Field(min_length=1)
    ports: list[str] = []
    read_only: bool = False
    tmpfs: list[str] = []
    shm_size: str = ""
    cap_drop: list[str] = Field(min_length=1)
    cap_add: list[str] = []
    security_opt: list[str]
    healthcheck: Health | None = None
    depends_on: dict[str, Needs] = {}
    restart: str
    stop_grace_period: str = "10s"
    logging: dict[str, Any]


class Compose(BaseModel):
    model_config = ConfigDict(extra="allow")
    name: str
    services: dict[str, Service]
    networks: dict[str, Any]
    volumes: dict[str, Any]
    secrets: dict[str, dict[str, str]]


def compose() -> Compose:
    return Compose.model_validate(yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8")))


SERVICES = sorted(compose().services)


def test_compose_names_only_what_it_defines() -> None:
    file = compose()

    for name, service in file.services.items():
        assert set(service.depends_on) <= set(file.services), name
        assert set(service.networks) <= set(file.networks), name
        assert set(service.secrets) <= set(file.secrets), name
        for volume in service.volumes:
            source = volume.partition(":")[0]
            there = source in file.volumes if "/" not in source else (DEPLOY / source).exists()
            assert there, f"{name}: {volume}"
        for other, how in service.depends_on.items():
            healthy = file.services[other].healthcheck is not None
            assert healthy or how.condition != "service_healthy", f"{name} waits for {other}"
    extra = set(file.model_extra or {})
    assert all(key.startswith("x-") for key in extra)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_no_more_rights_than_it_needs(name: str) -> None:
    service = compose().services[name]

    assert service.cap_drop == ["ALL"]
    assert "no-new-privileges:true" in service.security_opt
    assert service.read_only or name == "temporal"  # it writes its configuration at the start
    assert all(port.startswith("127.0.0.1:") for port in service.ports)
    assert service.healthcheck is not None or service.restart.startswith("on-failure")
    values = [v for k, v in service.environment.items() if re.search("PASSWORD|KEY|TOKEN", k)]
    assert all(value.startswith("/run/secrets/") for value in values)


@pytest.mark.parametrize("name", ["api", "worker"])
def test_our_services_are_commands_and_settings_that_exist(name: str) -> None:
    service = compose().services[name]
    commands = {one.name for one in app.registered_commands}

    assert service.command is not None
    assert service.command[0] in commands
    ours = {key for key in service.environment if key.startswith("GONOGO_")}
    assert ours <= known_variables()
    assert int(service.stop_grace_period.removesuffix("s")) > 25


@pytest.mark.parametrize("name", ["api", "worker"])
def test_our_services_start_with_the_settings_they_are_given(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = compose().services[name].environment
    example = {
        "GONOGO_PUBLIC_URL": "https://gpts.example.org",
        "GONOGO_MODEL_URL": "https://models.example.org/v1",
        "GONOGO_MODEL": "some-model",
    }
    for variable, value in given.items():
        asked = re.match(r"\$\{(\w+):\?", value)
        monkeypatch.setenv(variable, example[asked.group(1)] if asked else value)

    settings = Settings()

    engine_of(settings.database).dispose()
    assert settings.base == example["GONOGO_PUBLIC_URL"]
    assert settings.temporal_address == "temporal:7233"
    assert settings.model_endpoint == example["GONOGO_MODEL_URL"]


def test_compose_agrees(tmp_path: Path) -> None:
    there = shutil.which("docker") is not None and (
        subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0
    )
    require("compose", there, "docker compose is not installed: only our own check was made")

    told = subprocess.run(
        ["docker", "compose", "-f", str(DEPLOY / "compose.yaml"), "config", "--quiet"],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/usr/local/bin", "GONOGO_MODEL_URL": "u", "GONOGO_MODEL": "m"},
    )

    assert told.returncode == 0, told.stderr


def test_the_image_is_pinned_by_version_and_hash_and_runs_as_nobody_special() -> None:
    lines = _instructions((DEPLOY / "Dockerfile").read_text("utf-8"))
    images = [line.split()[1] for line in lines if line.startswith("FROM ")]
    installs = [line for line in lines if "pip install" in line]

    assert images
    assert all(re.match(PINNED, image) and image.count(".") >= 2 for image in images)
    assert len(set(images)) == 1
    assert installs
    assert all("--require-hashes --no-deps" in line for line in installs)
    assert re.search(r"^USER [1-9]\d+:[1-9]\d+$", "\n".join(lines), re.MULTILINE)
    assert not any(re.search(r"\b(curl|wget|ADD|apt-get)\b", line) for line in lines)
    assert not any("COPY . " in line for line in lines)
    assert lines[-2].startswith("ENTRYPOINT [")  # no shell between a signal and the process


def test_the_image_holds_every_package_of_ours() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()

    for name in ("policies", "activities", "workflows", "api", "gonogo"):
        assert f"COPY {name} {name}" in text
        assert f"!{name}" in ignored
    assert ignored[0] == "*"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_plain_shell(script: Path) -> None:
    told = subprocess.run(["sh", "-n", str(script)], capture_output=True, text=True)

    assert told.returncode == 0, told.stderr
    assert script.read_text("utf-8").startswith("#!/bin/sh\n")
    assert "\nset -eu\n" in script.read_text("utf-8")


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_accepts_the_units(unit: Path, tmp_path: Path) -> None:
    require(
        "systemd", shutil.which("systemd-analyze") is not None, "systemd-analyze is not installed"
    )
    # Programs and documents lie elsewhere on this machine; all else is verified as it is.
    for one in UNITS:
        text = one.read_text("utf-8").replace("/opt/gonogo/.venv/bin/temporal", "/bin/true")
        text = text.replace("/opt/gonogo/.venv/bin/python", sys.executable)
        (tmp_path / one.name).write_text(re.sub(r"^Documentation=.*\n", "", text, flags=re.M))

    told = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit.name)],
        capture_output=True,
        text=True,
    )

    complaints = [line for line in told.stderr.splitlines() if "gonogo" in line]
    assert complaints == []


@pytest.mark.parametrize(
    "unit", [u for u in UNITS if u.suffix == ".service"], ids=lambda path: path.name
)
def test_a_unit_drains_and_has_no_more_rights_than_it_needs(unit: Path) -> None:
    pairs = re.findall(r"^([A-Za-z]+)=(.*)$", unit.read_text("utf-8"), re.MULTILINE)
    said = dict(pairs)

    assert int(said["TimeoutStopSec"]) > 25
    assert said["User"] == "gonogo"
    for name in (
        "NoNewPrivileges",
        "ProtectHome",
        "PrivateTmp",
        "PrivateDevices",
        "LockPersonality",
    ):
        assert said[name] == "yes"
    assert said["ProtectSystem"] == "strict"
    assert said["CapabilityBoundingSet"] == ""
    assert said["UMask"] == "0077"
    command = re.search(r"-m gonogo (\w+)", said["ExecStart"])
    if command:
        assert command.group(1) in {one.name for one in app.registered_commands}


def _instructions(text: str) -> list[str]:
    joined = re.sub(r"\\\n\s*", "", text)
    return [line for line in joined.splitlines() if line and not line.startswith("#")]

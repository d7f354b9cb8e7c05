"""One `Settings`, read at start-up from the environment (prefix GONOGO_) and passed down."""

import secrets
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from gonogo.addresses import origin_of


class Settings(BaseSettings):
    """Every setting of an installation. docs/operating.md lists them; a test compares."""

    model_config = SettingsConfigDict(env_prefix="GONOGO_", extra="ignore")

    data: Path = Field(default=Path(".gonogo"), description="folder of everything kept on disk")
    database_url: str | None = Field(default=None, description="default: SQLite in the data folder")
    objects_url: str | None = Field(
        default=None, description="default: a folder in the data folder"
    )
    store: str = Field(default="default", description="the store this installation serves")
    pack: str = Field(default="default", description="policy pack for new cases")
    packs: Path | None = Field(default=None, description="folder of the operator's own packs")
    host: str = Field(default="127.0.0.1", description="address the API listens on")
    port: int = Field(default=8600, description="port of the API and pages")
    public_url: str | None = Field(
        default=None,
        description="where people reach the pages, `https://host`; needed unless on this machine",
    )
    session_s: int = Field(
        default=43_200, ge=60, description="seconds a browser stays signed in at most"
    )
    session_idle_s: int = Field(
        default=7_200, ge=60, description="seconds it stays signed in unused"
    )
    demo_sign_in: bool = Field(
        default=False,
        description="on this machine, offer everybody's name to sign in as; for demonstrations",
    )
    temporal_address: str = Field(default="127.0.0.1:7433", description="host:port of Temporal")
    temporal_namespace: str = Field(default="default", description="namespace in Temporal")
    temporal_ui_port: int = Field(default=8433, description="port of Temporal's own pages")
    task_queue: str = Field(default="gonogo", description="task queue of workflows")
    model_url: str | None = Field(
        default=None, description="OpenAI-compatible endpoint; default: the local model"
    )
    model_api_key: SecretStr = Field(
        default=SecretStr("none"),
        description="its key",
        validation_alias=AliasChoices("GONOGO_MODEL_API_KEY", "GONOGO_API_KEY"),
    )
    model: str = Field(default="smollm2-135m-instruct", description="model that answers probes")
    model_port: int = Field(default=8690, description="port of the local model")
    model_concurrency: int = Field(default=1, description="probes in flight per worker")
    checkpoint_s: float = Field(
        default=300.0, ge=1, description="seconds between two checkpoints of the record"
    )
    checkpoints_url: str | None = Field(
        default=None,
        description="second place of checkpoints: `s3://`, `gs://`, `az://`, `file://`",
    )
    dns_servers: str = Field(
        default="",
        description="servers that domains are verified by, `address` or `address:port`, with "
        "commas between; default: the system's",
    )
    answer_s: float = Field(default=10.0, description="seconds until a command is answered 202")
    model_price_prompt: float = Field(
        default=0.0, ge=0, description="price of 1,000 tokens of prompts, for `gonogo_model_cost`"
    )
    model_price_completion: float = Field(
        default=0.0, ge=0, description="price of 1,000 tokens of answers"
    )
    metrics_host: str = Field(default="127.0.0.1", description="address metrics are served on")
    metrics_api_port: int | None = Field(
        default=None, ge=1, le=65535, description="port of the API's metrics; default: none"
    )
    metrics_worker_port: int | None = Field(
        default=None, ge=1, le=65535, description="port of the worker's metrics; default: none"
    )
    metrics_temporal_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="port of the worker's Temporal SDK metrics; default: none",
    )
    log_level: str = Field(default="INFO", description="least level that is logged")

    @field_validator("public_url")
    @classmethod
    def _origin(cls, value: str | None) -> str | None:
        return value and origin_of(value)

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data.resolve()}/gonogo.db"

    @property
    def objects(self) -> str:
        return self.objects_url or str(self.data.resolve() / "objects")

    @property
    def model_endpoint(self) -> str:
        return self.model_url or f"http://127.0.0.1:{self.model_port}/v1"

    def secrets(self) -> tuple[str, ...]:
        """Values that may appear in no log line."""
        found = [self.model_api_key.get_secret_value()]
        for url in (self.database_url, self.objects_url, self.checkpoints_url):
            found += _passwords(url)
        return tuple(found)

    def key_files(self) -> tuple[Path, ...]:
        """Files that nobody but their owner may read."""
        return (self.data / "mac.key", self.data / "checkpoint.key")

    def mac_key(self) -> bytes:
        """The key of the MAC on commands, made at first use, readable by the owner only."""
        path = self.data / "mac.key"
        if not path.exists():
            self.data.mkdir(parents=True, exist_ok=True)
            fresh = self.data / f"mac.key.{secrets.token_hex(4)}"
            fresh.touch(mode=0o600)
            fresh.write_bytes(secrets.token_bytes(32))
            try:
                path.hardlink_to(fresh)  # the first of several processes wins
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        return path.read_bytes()


def _passwords(url: str | None) -> list[str]:
    """What a URL says between `:` and `@`, and in its query: keys of object stores stand there."""
    parts = urlsplit(url or "")
    asked = [value for name, value in parse_qsl(parts.query) if "key" in name or "secret" in name]
    return [value for value in (parts.password, *asked) if value]

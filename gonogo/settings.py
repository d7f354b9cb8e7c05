"""One `Settings`, read at start-up from the environment (prefix GONOGO_) and passed down."""

import os
import secrets
from pathlib import Path
from typing import Literal, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from gonogo.addresses import is_loopback, origin_of, plain, secure
from policies.lifecycle.kernel import Role


class Settings(BaseSettings):
    """Every setting of an installation. docs/operating.md lists them; a test compares."""

    # An error names the setting, not its value: it may be a secret.
    model_config = SettingsConfigDict(
        env_prefix="GONOGO_", extra="ignore", hide_input_in_errors=True
    )

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
    oidc_issuer: str | None = Field(
        default=None, description="issuer of an OpenID Connect provider; people sign in with it"
    )
    oidc_client_id: str | None = Field(default=None, description="what the provider calls us")
    oidc_client_secret: SecretStr = Field(
        default=SecretStr(""), description="what proves it; empty for a public client"
    )
    oidc_name: str = Field(
        default="your organisation", max_length=60, description="“Sign in with …”"
    )
    oidc_contact: str = Field(
        default="an administrator of this store",
        max_length=120,
        description="whom people ask whose account is not known here",
    )
    oidc_signup: Literal["developer"] | None = Field(
        default=None, description="`developer`: whoever is not known becomes one; default: nobody"
    )
    oidc_roles_claim: str | None = Field(
        default=None, description="claim that names a person's groups, for `GONOGO_OIDC_ROLES`"
    )
    oidc_roles: dict[str, str] = Field(
        default={}, description='roles by group, JSON: `{"gpt-reviewers": "reviewer"}`'
    )
    temporal_address: str = Field(default="127.0.0.1:7433", description="host:port of Temporal")
    temporal_namespace: str = Field(default="default", description="namespace in Temporal")
    temporal_profile: str | None = Field(
        default=None,
        description="profile of Temporal's own configuration: TEMPORAL_* and temporal.toml",
    )
    payload_keys_file: Path | None = Field(
        default=None, description="keys that seal what Temporal keeps; default: not sealed"
    )
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
    verify_s: float = Field(
        default=86_400.0,
        ge=0,
        description="seconds between two verifications of the record by the worker; `0`: none",
    )
    checkpoints_url: str | None = Field(
        default=None,
        description="second place of checkpoints: `s3://`, `gs://`, `az://`, `file://`",
    )
    dns_servers: str = Field(
        default="",
        description="servers that domains are verified by and hosts of webhooks looked up, "
        "`address` or `address:port`, with commas between; default: the system's",
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
    otel_endpoint: str | None = Field(
        default=None, description="OTLP/HTTP collector that gets traces; default: none are made"
    )
    otel_ratio: float = Field(
        default=1.0, ge=0, le=1, description="part of the requests that are traced"
    )
    prometheus_url: str | None = Field(
        default=None,
        description="server that gates of launches ask, `http://prometheus:9090`; "
        "default: gates with a query hold nothing",
    )
    prometheus_token: SecretStr | None = Field(
        default=None, description="bearer token for it; needs https, or this machine"
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description="mail server: `smtps://user:password@host`, `smtp+starttls://…`, or `smtp://…` "
        "within this machine's walls; default: no mail, the inbox has it all",
    )
    mail_from: str | None = Field(
        default=None, description="address mail comes from; default: `gonogo@` the public URL"
    )
    webhook_loopback: bool = Field(
        default=False, description="send webhooks to http on this machine, too; for demonstrations"
    )
    log_level: str = Field(default="INFO", description="least level that is logged")

    @field_validator("public_url")
    @classmethod
    def _origin(cls, value: str | None) -> str | None:
        return value and origin_of(value)

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer(cls, value: str | None) -> str | None:
        if value:
            secure(value)
        return value or None

    @field_validator("prometheus_url")
    @classmethod
    def _server(cls, value: str | None) -> str | None:
        return (value and plain(value)) or None

    @field_validator("oidc_roles")
    @classmethod
    def _roles(cls, value: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(value.values()) - (set(Role) - {Role.SYSTEM}))
        if unknown:
            raise ValueError(f"there is no role {', '.join(unknown)} to give")
        return value

    @model_validator(mode="after")
    def _asked(self) -> Self:
        if self.prometheus_token is not None:
            if self.prometheus_url is None:
                raise ValueError("GONOGO_PROMETHEUS_TOKEN needs GONOGO_PROMETHEUS_URL")
            secure(self.prometheus_url)
        return self

    @model_validator(mode="after")
    def _provider(self) -> Self:
        if self.oidc_issuer is None:
            return self
        if not self.oidc_client_id:
            raise ValueError("GONOGO_OIDC_ISSUER needs GONOGO_OIDC_CLIENT_ID")
        if self.public_url is None and not is_loopback(self.host):
            raise ValueError(
                "GONOGO_OIDC_ISSUER needs GONOGO_PUBLIC_URL, where people come back to"
            )
        if self.oidc_roles and not self.oidc_roles_claim:
            raise ValueError("GONOGO_OIDC_ROLES needs GONOGO_OIDC_ROLES_CLAIM")
        return self

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data.resolve()}/gonogo.db"

    @property
    def objects(self) -> str:
        return self.objects_url or str(self.data.resolve() / "objects")

    @property
    def model_endpoint(self) -> str:
        return self.model_url or f"http://127.0.0.1:{self.model_port}/v1"

    @property
    def base(self) -> str:
        """Where links in mails and webhooks lead."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def sender(self) -> str:
        return self.mail_from or f"gonogo@{urlsplit(self.base).hostname}"

    def secrets(self) -> tuple[str, ...]:
        """Values that may appear in no log line."""
        smtp = self.smtp_url.get_secret_value() if self.smtp_url else None
        values = [getattr(self, name) for name in type(self).model_fields]
        found = [one.get_secret_value() for one in values if isinstance(one, SecretStr)]
        found.append(os.environ.get("TEMPORAL_API_KEY", ""))
        for url in (self.database_url, self.objects_url, self.checkpoints_url, smtp):
            found += _passwords(url)
        return tuple(found)

    def key_files(self) -> tuple[Path, ...]:
        """Files that nobody but their owner may read."""
        own = (self.data / "mac.key", self.data / "checkpoint.key", self.payload_keys_file)
        return tuple(path for path in own if path is not None)

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
    found = [parts.password, parts.password and unquote(parts.password), *asked]
    return [value for value in found if value]

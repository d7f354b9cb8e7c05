"""Where Temporal is: our settings, Temporal's own profile, and a real endpoint behind TLS."""

import asyncio
import contextlib
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from temporalio.service import TLSConfig
from temporalio.testing import WorkflowEnvironment

from gonogo.settings import Settings
from gonogo.temporal import TemporalConfigFault, connect, target
from gonogo.up import environment, temporal_binary

NOW = datetime.datetime.now(datetime.UTC)


class Authority:
    """A small CA of the test's own. Certificates and keys are written as PEM files."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self._name = folder, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self._certificate(self._name, self._key.public_key(), ca=True))

    def issue(self, name: str) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        paths = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        paths[0].write_bytes(self._certificate(subject, key.public_key(), ca=False))
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return paths

    def _certificate(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, ca: bool
    ) -> bytes:
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - datetime.timedelta(hours=1))
            .not_valid_after(NOW + datetime.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM)


@contextlib.asynccontextmanager
async def tls_before(address: str, authority: Authority) -> AsyncIterator[str]:
    """A proxy that ends TLS, asks for a client certificate, and passes the rest to `address`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.file))
    context.load_cert_chain(*authority.issue("server"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    host, _, port = address.rpartition(":")

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(65536):
                writer.write(chunk)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(host, int(port))
        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    yield f"localhost:{server.sockets[0].getsockname()[1]}"
    server.close()


@pytest_asyncio.fixture
async def local() -> AsyncIterator[WorkflowEnvironment]:
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=temporal_binary()
    ) as env:
        yield env


def test_without_a_profile_neither_variables_nor_files_are_read(tmp_path: Path) -> None:
    file = tmp_path / "temporal.toml"
    file.write_text('[profile.default]\naddress = "file:1"\n')

    found = target(
        Settings(), {"TEMPORAL_ADDRESS": "elsewhere:1", "TEMPORAL_CONFIG_FILE": str(file)}
    )

    assert found == {"target_host": "127.0.0.1:7433", "namespace": "default"}


def test_our_settings_win_over_variables_and_these_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "temporal.toml"
    file.write_text(
        '[profile.prod]\naddress = "file:1"\nnamespace = "of-file"\napi_key = "of-file"\n'
    )
    given = {"TEMPORAL_CONFIG_FILE": str(file)}

    by_file = target(Settings(temporal_profile="prod"), given)
    by_variable = target(
        Settings(temporal_profile="prod"),
        {**given, "TEMPORAL_ADDRESS": "variable:2", "TEMPORAL_API_KEY": "of-variable"},
    )
    by_us = target(
        Settings(temporal_profile="prod", temporal_address="us:3", temporal_namespace="ours"),
        {**given, "TEMPORAL_ADDRESS": "variable:2"},
    )

    assert (by_file["target_host"], by_file["namespace"]) == ("file:1", "of-file")
    assert (by_file["api_key"], by_file["tls"]) == ("of-file", True)
    assert (by_variable["target_host"], by_variable["api_key"]) == ("variable:2", "of-variable")
    assert (by_us["target_host"], by_us["namespace"]) == ("us:3", "ours")


def test_tls_files_are_read_and_the_server_name_is_kept(tmp_path: Path) -> None:
    certificate, key = Authority(tmp_path, "ca").issue("client")

    found = target(
        Settings(temporal_profile="default"),
        {
            "TEMPORAL_TLS_SERVER_CA_CERT_PATH": str(tmp_path / "ca.pem"),
            "TEMPORAL_TLS_CLIENT_CERT_PATH": str(certificate),
            "TEMPORAL_TLS_CLIENT_KEY_PATH": str(key),
            "TEMPORAL_TLS_SERVER_NAME": "temporal.example.org",
        },
    )

    assert found["tls"] == TLSConfig(
        server_root_ca_cert=(tmp_path / "ca.pem").read_bytes(),
        domain="temporal.example.org",
        client_cert=certificate.read_bytes(),
        client_private_key=key.read_bytes(),
    )


@pytest.mark.parametrize(
    ("given", "profile"),
    [
        ({"TEMPORAL_TLS_SERVER_CA_CERT_PATH": "/nowhere/ca.pem"}, "default"),
        ({"TEMPORAL_CONFIG_FILE": "BAD"}, "default"),
        ({"TEMPORAL_CONFIG_FILE": "UNKNOWN"}, "default"),
        ({}, "there-is-none"),
    ],
)
def test_a_profile_that_cannot_be_used_says_so(
    tmp_path: Path, given: dict[str, str], profile: str
) -> None:
    (tmp_path / "BAD").write_text("[profile")
    (tmp_path / "UNKNOWN").write_text('[profile.default]\nadress = "typo:1"\n')
    paths = {k: str(tmp_path / v) if v.isupper() else v for k, v in given.items()}

    with pytest.raises(TemporalConfigFault):
        target(Settings(temporal_profile=profile), {"HOME": str(tmp_path), **paths})


def test_the_parts_of_one_machine_never_meet_another_cluster(tmp_path: Path) -> None:
    given = environment(Settings(data=tmp_path, temporal_profile="prod"))

    assert given["GONOGO_TEMPORAL_PROFILE"] == ""
    assert (
        target(Settings(temporal_profile=""), {"TEMPORAL_ADDRESS": "x:1"})["target_host"] != "x:1"
    )


async def test_a_cluster_behind_tls_is_reached_with_a_client_certificate(
    local: WorkflowEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = Authority(tmp_path, "ours"), Authority(tmp_path, "theirs")
    certificate, key = ours.issue("client")
    file = tmp_path / "temporal.toml"

    def profile(ca: Path, *, client: bool) -> None:
        own = f'client_cert_path = "{certificate}"\nclient_key_path = "{key}"\n' if client else ""
        file.write_text(
            f'[profile.tls]\naddress = "{address}"\n'
            f'[profile.tls.tls]\nserver_name = "localhost"\n'
            f'server_ca_cert_path = "{ca}"\n{own}'
        )

    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(file))
    settings = Settings(temporal_profile="tls")
    plain = local.client.service_client.config.target_host
    async with tls_before(plain, ours) as address:
        profile(ours.file, client=True)
        client = await connect(settings)
        found = [one async for one in client.list_workflows("WorkflowId = 'none'")]
        healthy = await client.service_client.check_health()

        assert (found, healthy) == ([], True)
        for ca, own in ((theirs.file, True), (ours.file, False)):
            profile(ca, client=own)
            with pytest.raises(RuntimeError, match="connect"):
                await connect(settings)

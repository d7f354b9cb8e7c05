"""The committed OpenAPI document is the application's, valid, and says what can go wrong."""

import json
import re
from typing import Any

import pytest
from openapi_spec_validator import validate

from api.errors import PROBLEMS
from api.export import FILE, text
from tests.api.store import Store
from tests.api.test_pages import Page, assert_careful

DOCUMENT: dict[str, Any] = json.loads(text())
OPERATIONS = [
    (path, method, operation)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
]
PUBLIC = (
    "/v1/announcements",
    "/v1/catalogue",
    "/v1/public",
    "/calendar",
    "/v1/policy",
    "/problems",
    "/healthz",
    "/readyz",
)


def test_the_committed_document_is_the_applications() -> None:
    assert FILE.read_text("utf-8") == text(), "run: python -m api.export"


def test_the_document_is_valid() -> None:
    validate(DOCUMENT)


def test_every_reference_of_the_document_resolves() -> None:
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', text()))

    assert named == set(DOCUMENT["components"]["schemas"])


@pytest.mark.parametrize(
    ("path", "method", "operation"), OPERATIONS, ids=[f"{m} {p}" for p, m, _ in OPERATIONS]
)
def test_every_route_documents_its_problems(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    problems = {status: told for status, told in operation["responses"].items() if status >= "4"}

    if path in ("/healthz", "/readyz"):
        return
    for told in problems.values():
        assert list(told["content"]) == ["application/problem+json"]
    assert problems
    if not path.startswith(PUBLIC):
        assert "401" in problems
    if method == "post" and not path.startswith(
        ("/v1/people", "/v1/publishers", "/v1/me", "/v1/webhooks", "/v1/undelivered", "/v1/audit")
    ):
        assert "202" in operation["responses"] or path.endswith(
            ("/renew", "/preview", "/forecasts", "/rehearsal")
        )


async def test_every_problem_has_a_page_for_people_and_for_programs(store: Store) -> None:
    for code, (status, title, _) in PROBLEMS.items():
        told = (await store.get(f"/problems/{code}")).json()
        page = await store.http.get(
            f"/problems/{code}", headers={"accept": "text/html,application/xhtml+xml"}
        )

        assert (told["type"], told["status"]) == (f"/problems/{code}", status)
        assert page.headers["content-type"].startswith("text/html")
        assert title.replace("'", "&#x27;") in page.text
    assert len((await store.get("/problems")).json()["items"]) == len(PROBLEMS)
    unknown = await store.http.get(
        "/problems/<script>alert(1)</script>", headers={"accept": "text/html"}
    )
    assert unknown.status_code == 404
    assert "<script>" not in unknown.text or "json" in unknown.headers["content-type"]


async def test_the_policy_is_public_and_names_its_digest(store: Store) -> None:
    policy = (await store.get("/v1/policy")).json()
    case = await store.submitted()

    assert policy["digest"] == case["pack"]
    assert policy["limits"]["files"] == 20
    assert {clause["id"] for clause in policy["clauses"]} >= {"harm", "secrets"}
    assert [item["id"] for item in policy["checklist"]] == ["purpose", "conduct", "data"]
    assert "education" in policy["categories"]


async def test_the_document_can_be_read_as_a_page_without_foreign_scripts(store: Store) -> None:
    answer = await store.http.get("/docs")
    elsewhere = await store.http.get("/redoc")

    assert answer.status_code == 200
    assert_careful(answer)
    assert all(f"{method.upper()} {path}" in answer.text for path, method, _ in OPERATIONS)
    assert not [link for link in Page(answer.text).links if "//" in link]
    assert elsewhere.status_code == 404

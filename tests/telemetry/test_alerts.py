"""The alert rules: well-formed, about metrics that exist, with a runbook that exists."""

import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.metrics import MetricWrapperBase
from pydantic import BaseModel, ConfigDict, Field

from gonogo.db.session import engine_of, migrate
from gonogo.telemetry import meters
from gonogo.telemetry.standing import Standing
from policies.strict_yaml import load

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "alerts.yml"
MANUAL = (ROOT / "docs" / "operating.md").read_text("utf-8")
# Made by Prometheus itself.
FOREIGN = {"up"}
_SUFFIX = re.compile(r"_(bucket|count|sum)$")


class Rule(BaseModel):
    model_config = ConfigDict(extra="forbid")
    alert: str = Field(pattern=r"^Gonogo[A-Za-z]+$")
    expr: str
    labels: dict[str, str]
    annotations: dict[str, str]
    for_: str = Field(default="0s", alias="for", pattern=r"^\d+[smh]$")


class Group(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    rules: list[Rule] = Field(min_length=1)


class File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    groups: list[Group] = Field(min_length=1)


def rules() -> list[Rule]:
    value: Any = load(RULES.read_text("utf-8"))
    return [rule for group in File.model_validate(value).groups for rule in group.rules]


def names() -> set[str]:
    """Every metric of ours, as Prometheus sees it."""
    found = [
        metric
        for meter in vars(meters).values()
        if isinstance(meter, MetricWrapperBase)
        for metric in meter.describe()
    ]
    return {f"{m.name}_total" if m.type == "counter" else m.name for m in found}


def gauges(folder: Path) -> set[str]:
    engine = engine_of(f"sqlite:///{folder}/gonogo.db")
    migrate(engine)
    found = {metric.name for metric in Standing(engine, "default").collect()}
    engine.dispose()
    return found


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.alert)
def test_an_alert_asks_for_metrics_that_exist_and_names_its_runbook(
    rule: Rule, tmp_path: Path
) -> None:
    asked = set(re.findall(r"\b(?:gonogo|temporal)_\w+|\bup\b", rule.expr))
    known = names() | gauges(tmp_path) | FOREIGN
    page, _, anchor = rule.annotations["runbook"].partition("#")

    assert asked
    assert {_SUFFIX.sub("", name) for name in asked} <= known
    assert rule.expr.count("(") == rule.expr.count(")")
    assert rule.labels["severity"] in ("warning", "critical")
    assert page == "operating.md"
    headings = re.findall(r"^#+ (.+)$", MANUAL, re.MULTILINE)
    assert anchor in {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}


def test_every_metric_is_in_the_manual_and_nothing_else(tmp_path: Path) -> None:
    documented = set(re.findall(r"^\| `(gonogo_\w+)`", MANUAL, re.MULTILINE))

    assert documented == names() | gauges(tmp_path)

"""The files that Prometheus, Alertmanager and Grafana read, and the checkers of Prometheus."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[4]
DEPLOY = REPOSITORY / "deploy"
RULE_FILES = sorted((DEPLOY / "prometheus" / "rules").rglob("*.yml"))
SCENARIO_FILES = sorted((DEPLOY / "prometheus" / "tests").glob("*.yml"))

Run = Callable[..., str]


def rules() -> list[dict[str, Any]]:
    """Every rule in the repository, recording and alerting."""
    return [
        rule for path in RULE_FILES for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]
    ]


def alerts() -> list[dict[str, Any]]:
    """Every alerting rule in the repository."""
    return [rule for rule in rules() if "alert" in rule]


def checked(tool: str, *arguments: str | Path) -> str:
    """What a checker says; its complaint is the failure's message."""
    result = subprocess.run([tool, *arguments], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout

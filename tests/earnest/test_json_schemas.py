"""The JSON Schemas that commands give: they explain every word, take every document of this repository that is sound, and
refuse words that are misspelt, as Earnest does.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from shared.kernel.plan.exact_yaml import read_yaml
from tests.command_line import earnest

jsonschema_rs = pytest.importorskip("jsonschema_rs")
ROOT = Path(__file__).resolve().parents[2]
MAPPINGS = [*(ROOT / "examples").glob("*/mapping.yaml")]
SOURCES = [*(ROOT / "examples" / "sources").glob("*.yaml"), *(ROOT / "examples" / "demo" / "sources").glob("*.yaml")]
PLANS = [*(ROOT / "examples").glob("**/plans/*.yaml"), *(ROOT / "tests" / "conformance").glob("**/plan.yaml")]
ON_PAGES = {
    f"{page} {name}": text
    for page in ("mapping.md", "integrator.md")
    for name, text in re.findall(r"```yaml (\S+)\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)
}
SCHEMAS = {
    "mapping": {**{str(file): file.read_text() for file in MAPPINGS}, "page": ON_PAGES["mapping.md mapping.yaml"]},
    "source": {
        **{str(file): file.read_text() for file in SOURCES},
        "page": ON_PAGES["integrator.md .earnest/sources/acme-crm.yaml"],
    },
    "plan": {str(file): file.read_text() for file in PLANS},
}


@cache
def schema(of: str) -> dict[str, Any]:
    done = earnest(of, "schema", folder=ROOT)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["title"] == f"Earnest {of}"
    return dict(found)


def as_json(text: str) -> Any:
    """As an editor sees a YAML text: JSON has neither dates nor other names than texts."""
    return json.loads(json.dumps(read_yaml(text), default=str))


@pytest.mark.parametrize("of", SCHEMAS)
def test_every_field_of_a_schema_has_a_description(of: str) -> None:
    whole = schema(of)
    parts = {of: whole, **whole["$defs"]}
    assert [
        f"{name}.{field}"
        for name, part in parts.items()
        for form in (part, *part.get("anyOf", ()))
        for field, said in form.get("properties", {}).items()
        if not said.get("description")
    ] == []


@pytest.mark.parametrize("of", SCHEMAS)
def test_the_documents_of_this_repository_are_valid_under_their_schema(of: str) -> None:
    validator = jsonschema_rs.validator_for(schema(of))
    assert len(SCHEMAS[of]) > 2
    wrong = {
        name: [each.message for each in validator.iter_errors(as_json(text))] for name, text in SCHEMAS[of].items()
    }
    assert {name: messages for name, messages in wrong.items() if messages} == {}


MAPPING = {"deals": {"file": "d.csv", "deal_id": "Id", "fields": {"amount": {"column": "Sum", "scale": -2}}}}
SOURCE = {
    "source": "crm",
    "signing": {"scheme": "hmac", "header": "X-Sig", "secrets": ["s"], "algorithm": "sha1"},
    "deal_id": "$.id",
    "fields": {"amount": {"path": "$.sum", "scale": -2}},
    "when": {"path": "$.kind", "in": [1, True]},
}


def with_slip(document: Any, word: str) -> Any:
    return json.loads(json.dumps(document).replace(f'"{word}":', f'"{word}s":'))


@pytest.mark.parametrize(
    ("of", "document", "word"),
    [
        *(("mapping", MAPPING, word) for word in ("deals", "file", "deal_id", "fields", "amount", "column", "scale")),
        *(("source", SOURCE, word) for word in ("source", "signing", "header", "algorithm", "amount", "path", "when")),
    ],
)
def test_a_misspelt_word_is_refused(of: str, document: Any, word: str) -> None:
    validator = jsonschema_rs.validator_for(schema(of))
    assert validator.is_valid(document)
    assert not validator.is_valid(with_slip(document, word))

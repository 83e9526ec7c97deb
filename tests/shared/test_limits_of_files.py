"""Every YAML file that somebody gives is read within limits, and a bad one is told by its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from earnest.files.contract_costs import read_costs, read_policies
from earnest.files.rejections import FileError
from earnest.imports.mapping_file import read_mapping
from earnest.local.processes import LocalError
from earnest.sources import named_source
from shared.limits import load_yaml, load_yaml_documents

UNFOLDING = "a0: &a0 [1, 1]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
HOSTILE = {
    "unfolds": UNFOLDING.encode(),
    "deep": b"a: " + b"[" * 5_000 + b"]" * 5_000,
    "long": b"a: " + b"x" * 3_000_000,
    "no such day": b"a: 2025-02-30",
    "no text": b"a: \xff\xfe",
}
READERS: dict[str, Callable[[Path], Any]] = {
    "source": lambda path: named_source(str(path), path.parent),
    "mapping": lambda path: read_mapping(path.parent),
    "policies": read_policies,
    "costs": lambda path: read_costs(path, None),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_file_is_refused_by_its_name(tmp_path: Path, reader: str, hostile: str) -> None:
    path = tmp_path / "import.yaml"
    path.write_bytes(HOSTILE[hostile])
    with pytest.raises((LocalError, FileError), match=r"import\.yaml"):
        READERS[reader](path)


@pytest.mark.parametrize("text", ["a: !!int many", "a: !!bool perhaps", "a: !!timestamp soon", "a: 2025-13-01"])
def test_a_value_that_is_not_of_its_type_is_no_yaml(text: str) -> None:
    with pytest.raises(yaml.YAMLError):
        load_yaml(text)


def test_documents_of_one_text_are_read_one_by_one() -> None:
    assert load_yaml_documents("a: 1\n---\nb: 2\n") == [{"a": 1}, {"b": 2}]
    with pytest.raises(yaml.YAMLError, match="several documents"):
        load_yaml("a: 1\n---\nb: 2\n")
    assert load_yaml("") is None

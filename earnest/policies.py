"""A policy file from its text to the policy, or to everything that is wrong in it, each with line and column."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from earnest.files.rejections import FileError
from earnest.model_fields import fields_at
from earnest.yaml_files import text_of
from services.payout.policies import NoSuchKind, model_of, policy_kinds
from shared.kernel.language.findings import Finding, did_you_mean
from shared.kernel.plan.exact_yaml import PlanFileError, YamlDocument, read_document
from shared.kernel.plan.located import Located, locate, unreadable, unusable
from shared.kernel.plan.report import as_text
from shared.kernel.plan.schema_findings import schema_findings
from shared.pay.policy import Policy

SUFFIXES = (".yaml", ".yml", ".json")


def policy_files(path: Path) -> list[Path]:
    """The file, or the policy files of the folder and those below it.

    Raises:
        FileError: there is no such file, or no policy file in the folder.
    """
    if not path.is_dir():
        if not path.is_file():
            raise FileError(f"{path}: there is no such file")
        return [path]
    files = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES)
    if not files:
        raise FileError(f"{path}: there is no .yaml or .json file in this folder")
    return files


def check_file(file: Path) -> tuple[Policy | None, list[Located]]:
    """The policy of a file, and what is doubtful in it; or what is wrong."""
    try:
        text = text_of(file)
    except PlanFileError as error:
        return None, unreadable(str(file), error)
    return check_text(text, str(file))


def check_text(text: str, file: str) -> tuple[Policy | None, list[Located]]:
    """The policy of a text, and what is doubtful in it; or what is wrong."""
    try:
        document = read_document(text)
    except PlanFileError as error:
        return None, unreadable(file, error)
    data = document.data
    if not isinstance(data, dict):
        what = "a policy is a mapping that begins with 'kind: <kind>'"
        return None, unusable(file, what, mend=f"the kinds are {', '.join(policy_kinds())}", code="P002")
    try:
        policy = model_of(data.get("kind")).of(data)
        return policy, _located(file, document, findings=list(policy.slips()))
    except NoSuchKind as error:
        return None, _located(file, document, findings=[_kind_finding(error)])
    except ValidationError as error:
        fields = partial(fields_at, model_of(data["kind"]))
        return None, _located(file, document, findings=schema_findings(error, fields))
    except RecursionError:
        return None, unusable(file, "the file contains itself")
    except TypeError as error:  # what JSON cannot say
        return None, unusable(file, f"a policy holds text, numbers, dates, lists and fields: {error}")


def read_policy_file(file: Path) -> Policy:
    """The policy of a file.

    Raises:
        FileError: it is none; says everything that is wrong, with lines and columns.
    """
    policy, findings = check_file(file)
    if policy is None:
        raise FileError(f"{file} is not a policy\n{as_text(findings, 1)}")
    return policy


def _kind_finding(error: NoSuchKind) -> Finding:
    if error.kind is None:
        return Finding(
            code="P101",
            severity="error",
            path=(),
            message="kind is missing",
            mend=f"the kinds are {', '.join(error.known)}",
        )
    mend = did_you_mean(str(error.kind), error.known, what="kinds")
    return Finding(code="P104", severity="error", path=("kind",), message=f"there is no kind {error.kind}", mend=mend)


def _located(file: str, document: YamlDocument, *, findings: Sequence[Finding]) -> list[Located]:
    return sorted(locate(file, document.node, findings=findings), key=Located.order)

"""A policy file from its text to the policy, or to everything that is wrong in it, each with line and column."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from earnest.files.rejections import FileError
from earnest.plans.check import KEY_CODES, Located
from earnest.plans.positions import Position, Positions
from earnest.plans.report import as_text
from earnest.plans.schema_errors import schema_findings
from earnest.policies.fields import fields_at
from services.payout.policies import NoSuchKind, model_of, policy_kinds
from shared.kernel.language.findings import Finding, did_you_mean
from shared.kernel.plan.exact_yaml import PlanFileError, read_yaml
from shared.pay.policy import Policy

SUFFIXES = (".yaml", ".yml", ".json")
TOP = Position(1, 1)


def policy_files(path: Path) -> list[Path]:
    """The file, or the policy files of the folder and those below it.

    Raises:
        FileError: there is no such file, or no policy file in the folder.
    """
    if not path.is_dir():
        if not path.is_file():
            raise FileError(f"{path}: there is no such file")
        return [path]
    found = sorted(each for each in path.rglob("*") if each.suffix in SUFFIXES)
    if not found:
        raise FileError(f"{path}: there is no .yaml or .json file in this folder")
    return found


def check_file(file: Path) -> tuple[Policy | None, list[Located]]:
    """The policy of a file, and what is doubtful in it; or what is wrong."""
    try:
        return check_text(file.read_text(encoding="utf-8-sig"), str(file))
    except UnicodeDecodeError:
        return None, [_unusable(str(file), "the text is not UTF-8", mend="save the file as UTF-8")]
    except OSError as error:
        return None, [_unusable(str(file), error.strerror or str(error))]


def check_text(text: str, file: str) -> tuple[Policy | None, list[Located]]:
    """The policy of a text, and what is doubtful in it; or what is wrong."""
    try:
        data = read_yaml(text)
        if not isinstance(data, dict):
            what = "a policy is a mapping that begins with 'kind: <kind>'"
            return None, [_unusable(file, what, mend=f"the kinds are {', '.join(policy_kinds())}", code="P002")]
        policy = model_of(data.get("kind")).of(data)
        return policy, _located(file, text, found=list(policy.slips()))
    except PlanFileError as error:
        return None, [_unusable(file, error.what, position=Position(*error.position), code=error.code)]
    except NoSuchKind as error:
        return None, _located(file, text, found=[_kind_finding(error)])
    except ValidationError as error:
        fields = partial(fields_at, model_of(data["kind"]))
        return None, _located(file, text, found=schema_findings(error, fields))
    except RecursionError:
        return None, [_unusable(file, "the file contains itself")]
    except TypeError as error:  # what JSON cannot say
        return None, [_unusable(file, f"a policy holds text, numbers, dates, lists and fields: {error}")]


def read_policy_file(file: Path) -> Policy:
    """The policy of a file.

    Raises:
        FileError: it is none; says everything that is wrong, with lines and columns.
    """
    policy, found = check_file(file)
    if policy is None:
        raise FileError(f"{file} is not a policy\n{as_text(found, 1)}")
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


def _unusable(file: str, what: str, *, position: Position = TOP, mend: str = "", code: str = "P001") -> Located:
    return Located(file, position, Finding(code=code, severity="error", path=(), message=what, mend=mend))


def _located(file: str, text: str, *, found: Sequence[Finding]) -> list[Located]:
    positions = Positions(text)
    located = [Located(file, positions.of(each.path, key=each.code in KEY_CODES), each) for each in found]
    return sorted(located, key=lambda each: (each.position, each.finding.code, each.finding.message))

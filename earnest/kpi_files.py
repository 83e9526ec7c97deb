"""A company's files of KPIs from their text to everything that is wrong in them, each with line and column."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from earnest.files.rejections import FileError
from earnest.model_fields import fields_at
from earnest.yaml_files import text_of
from services.alerts.kpis import Catalogue, KpiFile, built_in, drafted, with_file
from shared.calendars import CompanyCalendar
from shared.kernel.language.findings import Finding
from shared.kernel.plan import report
from shared.kernel.plan.exact_yaml import PlanFileError, read_document
from shared.kernel.plan.located import Located, locate, unreadable, unusable
from shared.kernel.plan.schema_findings import schema_findings


def check_kpi_files(files: Sequence[Path], catalogue: Catalogue) -> list[Located]:
    """Everything that there is to say about files of KPIs on top of a catalogue, from top to bottom; a KPI is in one of
    them.
    """
    said: list[Located] = []
    named: dict[str, Path] = {}
    for file in files:
        try:
            document = read_document(text_of(file))
        except PlanFileError as error:
            said += unreadable(str(file), error)
            continue
        try:
            draft = drafted(document.data, catalogue)
        except RecursionError:
            said += unusable(str(file), "the file contains itself")
            continue
        findings = [*draft.findings, *_of_model(draft.error)]
        for place, watched in enumerate(draft.watched):
            if (other := named.setdefault(watched.kpi.name, file)) != file:
                message = f"{watched.kpi.name} is in {other} too, and then this file is not used"
                path = ("kpis", place, "name")
                findings.append(Finding.error("K103", path, message=message, mend="leave it in one of them"))
        if file.suffix != ".yaml":
            message = "alerts reads files that end in .yaml only"
            findings.append(Finding.warning("K104", (), message=message, mend="name it so"))
        said += sorted(locate(str(file), document.node, findings=findings), key=Located.order)
        if draft.file is not None:
            catalogue = with_file(catalogue, draft)
    return said


def calendar_of(path: Path) -> CompanyCalendar:
    """The company's calendar as a file of KPIs and settings says it.

    Raises:
        FileError: it says none, or something is wrong in it.
    """
    findings = check_kpi_files([path], built_in())
    if errors := [each for each in findings if each.finding.severity == "error"]:
        raise FileError(report.as_text(errors, 1))
    said = drafted(read_document(text_of(path)).data, built_in()).file
    if said is None or said.calendar is None:
        raise FileError(f"{path}: it says no calendar; write `calendar: {{country: US}}`")
    return said.calendar


def _of_model(error: ValidationError | None) -> list[Finding]:
    return [] if error is None else schema_findings(error, partial(fields_at, KpiFile))

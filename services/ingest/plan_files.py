"""Plan files as they are uploaded: checked as `earnest plan check` does, kept as written, listed with their days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final, NamedTuple

import yaml

from services.ingest.errors import UnsoundPlan
from services.ingest.events import PlanDocument, PlanEvent
from shared.kernel.checks.texts import check_texts
from shared.kernel.checks.trial import CannotBeCalculated, try_out
from shared.kernel.language.findings import Finding
from shared.kernel.plan.located import TOP, Located, unusable
from shared.kernel.plan.plan_file import no_plan, plans_of_text
from shared.kernel.plan.plan_set import Declaration, ends_of, replacements
from shared.kernel.plan.report import as_data
from shared.kernel.plan.version import Plan
from shared.log.port import MAX_RECORD_BYTES, Record

MARK: Final = "\ufeff"
"""Before the first character of a text that some editors write."""


MOST_WALKED: Final = 4_000
"""Places of a plan at which cliffs are looked for: about two seconds of the ten that a check may take. Of a larger plan
`earnest plan check` tells them, which may take its time.
"""


class PlanOfFile(NamedTuple):
    """A sound plan of an uploaded file: the record that publishes it, and what the answer says of it."""

    record: Record
    said: dict[str, Any]


class ReadPlanFile(NamedTuple):
    """What was found in an uploaded file: its plans, none where one is unsound; what keeps it from being used, in
    words; and all there is to say, as data.
    """

    plans: list[PlanOfFile]
    mistakes: list[str]
    findings: list[dict[str, Any]]

    def check_sound(self) -> None:
        """See that nothing keeps a plan of the file from being used.

        Raises:
            UnsoundPlan: something does; it has all findings.
        """
        if self.mistakes:
            raise UnsoundPlan("\n".join(self.mistakes), findings=self.findings)
        for plan in self.plans:
            if len(plan.record.value or b"") > MAX_RECORD_BYTES:
                raise UnsoundPlan(
                    f"{plan.record.key}: with its text the plan has more than {MAX_RECORD_BYTES:,} bytes", findings=[]
                )


class _FileEvent(PlanEvent):
    """A plan version that comes as a file, which is kept as it was written."""

    text: str

    def fact(self, by: str) -> dict[str, Any]:
        """A `PlanPublished` with its text."""
        return {**super().fact(by), "text": self.text}


# Called in the bounded process: what goes in and comes out is plain, records and findings, never a plan.
def read_plan_file(
    body: bytes, file: str, *, published: Mapping[str, dict[str, Any]], received: str, by: str
) -> ReadPlanFile:
    """Read and check an uploaded file.

    Args:
        body: its bytes.
        file: what findings name it.
        published: documents of the versions that are published, by their names.
        received: when it came.
        by: the key that it was sent with.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        read = [no_plan(file, unusable(file, "the text is not UTF-8", mend="save the file as UTF-8"))]
    else:
        read = plans_of_text(text.removeprefix(MARK), file)
    ids = {plan_text.plan.plan for plan_text in read if plan_text.plan is not None}
    keys = [plan_text.plan.key for plan_text in read if plan_text.plan is not None]
    # The same version again is not another version beside it.
    beside = [
        Plan.model_validate(document)
        for key, document in published.items()
        if document["plan"] in ids and key not in keys
    ]
    findings = check_texts(read, beside, most_walked=MOST_WALKED)
    for place, key in enumerate(keys):
        if key in keys[:place]:
            findings += unusable(file, f"{key} is there twice, and only one of them can count", code="P003")
    if not any(located.finding.severity == "error" for located in findings):
        findings += [found for plan_text in read if plan_text.plan for found in _trial(file, plan_text.plan)]
    if mistakes := [located.in_words for located in findings if located.finding.severity == "error"]:
        return ReadPlanFile([], mistakes, as_data(findings))
    texts = [plan_text.text for plan_text in read]
    if len(texts) == 1:
        texts = [text]  # every byte of the file
    plans = [
        _plan_of_file(plan_text.plan, written, received=received, by=by)
        for plan_text, written in zip(read, texts, strict=True)
        if plan_text.plan is not None
    ]
    return ReadPlanFile(plans, [], as_data(findings))


def _trial(file: str, plan: Plan) -> Iterable[Located]:
    try:
        try_out(plan)
    except CannotBeCalculated as error:
        yield Located(file, TOP, Finding.error("P404", (), message=f"{plan.key} cannot be calculated with: {error}"))


def _plan_of_file(plan: Plan, text: str, *, received: str, by: str) -> PlanOfFile:
    document = plan.document()
    # It was checked before, in other words than those of an event.
    event = _FileEvent.model_construct(
        specversion="1.0",
        id=plan.key,
        source=by,
        time=received,
        type="earnest.plan.published",
        data=PlanDocument.model_construct(document=document),
        text=text,
    )
    said = {name: document[name] for name in ("plan", "version", "name", "effective_from")}
    return PlanOfFile(event.record(by), said)


def text_of(fact: Mapping[str, Any]) -> str:
    """The file of a published version: as it was written, or its document as YAML where it came as an event."""
    text = fact.get("text")
    return text if text is not None else yaml.safe_dump(fact["document"], sort_keys=False, allow_unicode=True)


def versions_view(facts: Iterable[Mapping[str, Any]], declarations: Iterable[Declaration]) -> list[dict[str, Any]]:
    """Every published version with the days on which it holds, by plan and version."""
    declared = list(declarations)
    replaced = replacements(declared)
    ends = ends_of(declaration for declaration in declared if declaration.key not in replaced)
    views = []
    for fact, declaration in zip(facts, declared, strict=True):
        end, never = ends.get(declaration.key), replaced.get(declaration.key)
        views.append(
            {
                "plan": declaration.plan,
                "version": declaration.version,
                "name": fact["document"]["name"],
                "currency": fact["document"]["currency"],
                "effective_from": declaration.effective_from,
                "until": end - timedelta(days=1) if end is not None else None,
                "replaced_by": never.version if never is not None else None,
                "author": fact.get("author"),
                "as_written": fact.get("text") is not None,
            }
        )
    return sorted(views, key=lambda view: (view["plan"], view["version"]))

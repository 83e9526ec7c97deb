"""What the API of the general ledger takes and answers with. Amounts are decimal text in major units."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field

from services.payout.gl.batch import GlBatch
from services.payout.gl.entry import JournalEntry
from services.payout.gl.formats import JournalFormat
from services.payout.gl.reconciliation import AccountComparison, LedgerReconciliation
from shared.contracts.base import IDENTIFIER, PeriodName
from shared.money import major_text
from shared.periods import Month

ENTITY = f"^({IDENTIFIER[1:-1]})?$"
FORMAT = r"^[a-z][a-z-]*$"


class Posting(BaseModel):
    """What to post: everything booked in a month for an entity that no earlier batch has."""

    model_config = ConfigDict(extra="forbid")

    period: PeriodName = Field(examples=["2026-06"])
    entity: str = Field(default="", max_length=128, pattern=ENTITY, examples=["acme-inc"])
    format: str | None = Field(default=None, max_length=40, pattern=FORMAT, examples=["beancount"])


class GlLine(BaseModel):
    """A line of an entry: a debit or a credit."""

    account: str = Field(examples=["Expenses:Commissions"])
    debit: str | None = Field(default=None, examples=["15000.00"])
    credit: str | None = None
    source: str = Field(examples=["earned"], description="The account of the ledger of pay that it is part of")
    dimensions: dict[str, str] = Field(default_factory=dict, examples=[{"Department": "Sales EMEA"}])


class GlEntry(BaseModel):
    """A balanced entry. Before it is posted it has no id."""

    id: str = Field(examples=["2606-1-01"])
    date: date
    kind: str = Field(examples=["accrual"])
    memo: str = Field(examples=["Commission accrual 2026-06"])
    currency: str = Field(examples=["USD"])
    origin: Month = Field(examples=["2026-06"], description="The month it is about")
    lines: list[GlLine]

    @classmethod
    def of(cls, entry: JournalEntry) -> Self:
        """Amounts in major units, as text. Of debit and credit one is null."""
        return cls(
            id=entry.id,
            date=entry.day,
            kind=entry.kind,
            memo=entry.memo,
            currency=entry.currency,
            origin=entry.origin,
            lines=[
                GlLine(
                    account=line.account,
                    debit=major_text(line.debit, entry.currency) if line.debit else None,
                    credit=major_text(line.credit, entry.currency) if line.credit else None,
                    source=line.source,
                    dimensions=dict(line.dimensions),
                )
                for line in entry.lines
            ],
        )


class GlBatchView(BaseModel):
    """A batch: what went to the books of an entity for a month. It never changes."""

    id: str = Field(examples=["gl-2026-06-1"])
    period: Month = Field(examples=["2026-06"])
    entity: str = Field(examples=["acme-inc"])
    format: str = Field(examples=["beancount"])
    made_by: str = Field(examples=["dana"])
    made_at: datetime
    sha256: str = Field(description="Of the manifest, which names the hashes of the files and of the batch before")
    manifest: dict[str, Any]

    @classmethod
    def of(cls, batch: GlBatch) -> Self:
        """Its manifest as data; whoever checks the hash fetches the bytes."""
        names = ("id", "period", "entity", "format", "made_by", "made_at", "sha256")
        return cls(**{name: getattr(batch, name) for name in names}, manifest=orjson.loads(batch.manifest))


class GlBatchDetail(GlBatchView):
    """A batch with its entries."""

    entries: list[GlEntry]

    @classmethod
    def of(cls, batch: GlBatch) -> Self:
        """The same, and the entries, which the list of batches leaves out."""
        return cls(**GlBatchView.of(batch).model_dump(), entries=[GlEntry.of(entry) for entry in batch.entries])


class GlBatches(BaseModel):
    """Batches in the order in which they were made."""

    batches: list[GlBatchView]


class GlPreview(BaseModel):
    """What a batch made now would hold; nothing where all is posted."""

    period: Month
    entity: str
    format: str
    policy: str
    entries: list[GlEntry]


class GlFormat(BaseModel):
    """A file that books take."""

    name: str = Field(examples=["netsuite"])
    title: str
    media_type: str
    settings: dict[str, Any] = Field(description="JSON Schema of its settings")

    @classmethod
    def of(cls, form: JournalFormat) -> Self:
        """Its settings as JSON Schema, as they stand in the policy."""
        schema = form.settings.model_json_schema()
        return cls(name=form.name, title=form.title, media_type=form.media_type, settings=schema)


class GlFormats(BaseModel):
    """Every file that books take."""

    formats: list[GlFormat]


class GlBalance(BaseModel):
    """An account of the ledger of pay against what the books got of it; debits are positive."""

    account: str = Field(examples=["payable"])
    currency: str
    ledger: str
    gl: str
    difference: str

    @classmethod
    def of(cls, balance: AccountComparison) -> Self:
        """Amounts in major units, as text."""
        amounts = {"ledger": balance.ledger, "gl": balance.gl, "difference": balance.difference}
        texts = {name: major_text(amount, balance.currency) for name, amount in amounts.items()}
        return cls(account=balance.account, currency=balance.currency, **texts)


class GlReconciliation(BaseModel):
    """The ledger of pay against the general ledger, for an entity and month."""

    period: Month
    entity: str
    agrees: bool
    tolerance: int = Field(description="In minor units, per account")
    balances: list[GlBalance]

    @classmethod
    def of(cls, period: Month, entity: str, *, compared: LedgerReconciliation) -> Self:
        """Every account that either side has, whether it agrees or not."""
        balances = [GlBalance.of(balance) for balance in compared.balances]
        return cls(
            period=period, entity=entity, agrees=compared.agrees, tolerance=compared.tolerance, balances=balances
        )

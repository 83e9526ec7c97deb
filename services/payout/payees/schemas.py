"""What the API says of payees."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.base import BusinessDate, Text


class PayeeFacts(BaseModel):
    """Under which names and ids somebody is paid, and by which legal entity; absent what nobody said."""

    model_config = ConfigDict(extra="forbid")

    payroll_id: Text | None = Field(default=None, examples=["000052"])
    first_name: Text | None = None
    last_name: Text | None = None
    name: Text | None = Field(default=None, examples=["Ada Brandt"])
    entity: Text | None = None

    @property
    def said(self) -> dict[str, str]:
        """What is said, by attribute."""
        return {name: value for name, value in self.model_dump().items() if value}


class WaitingPayee(BaseModel):
    """What of a payee changed and waits for a second person, and who said so."""

    participant_id: str
    confirmed: PayeeFacts = Field(description="As runs pay them until somebody confirms what changed")
    payee: PayeeFacts = Field(description="As the roster says")
    set_by: list[str] = Field(examples=[["hr"]])


class WaitingPayees(BaseModel):
    """Payees that wait, by participant."""

    payees: list[WaitingPayee]
    next: str | None = Field(description="`after` of the page after this one; absent after the last")


class Confirmation(BaseModel):
    """That a payee is right as the roster has it on a day, which today is where none is said."""

    model_config = ConfigDict(extra="forbid")

    payee: PayeeFacts = Field(description="What was looked at")
    on: BusinessDate | None = None
    reason: Annotated[Text, Field(min_length=3, examples=["called her at the number that we knew"])]

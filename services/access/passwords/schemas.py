"""What the routes of passwords take."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from services.access.passwords.rules import LONGEST

_NAME = Field(max_length=200, pattern=r"^[^\x00]*$", description="The person's id or e-mail", examples=["dana"])


class Credentials(BaseModel):
    """A name and a password."""

    model_config = ConfigDict(extra="forbid")

    name: str = _NAME
    password: SecretStr = Field(max_length=LONGEST)


class NewPassword(BaseModel):
    """The password that somebody has, and the one that they want."""

    model_config = ConfigDict(extra="forbid")

    current: SecretStr = Field(max_length=LONGEST)
    new: SecretStr = Field(max_length=LONGEST)


class LinkedPassword(BaseModel):
    """The token of a link, and the password that whoever has it wants."""

    model_config = ConfigDict(extra="forbid")

    token: SecretStr = Field(max_length=200)
    new: SecretStr = Field(max_length=LONGEST)

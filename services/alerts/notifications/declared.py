"""The file that says who is told what: channels, people and subscriptions, as data."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from services.alerts.notifications.message import Event, Told
from shared.contracts.alerts import About, Severity
from shared.contracts.base import NAME
from shared.limits import TooMuch, load_yaml
from shared.problems import field_errors

Name = Annotated[str, StringConstraints(pattern=NAME)]
Secret = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
"""The name of a file in the folder of secrets."""
Address = Annotated[str, StringConstraints(pattern=r"^[^@\s<>,;]{1,64}@[^@\s<>,;]{1,255}$")]

SECRETS: Final = "notifications"
"""The folder of secrets, beside the file."""


def _is_http(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write an address as https://host/path")
    if parts.username or parts.password:
        raise ValueError("leave names and passwords out of the address; a webhook is known by its signature")
    return url


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WebhookChannel(_Part):
    """A signed webhook as Standard Webhooks describes it; `secret` names the file with the key (`whsec_…`)."""

    kind: Literal["webhook"]
    url: Annotated[str, AfterValidator(_is_http)]
    secret: Secret


class SlackChannel(_Part):
    """An incoming webhook as Slack has it, or who takes the same; `url` names the file with its address, which is
    secret.
    """

    kind: Literal["slack"]
    url: Secret


class EmailChannel(_Part):
    """A mail server; `password` names the file with the password of `user`."""

    kind: Literal["email"]
    host: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?$")]
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: Annotated[str, Field(max_length=255)] | None = None
    password: Secret | None = None
    sender: Address

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("a user needs a password, and a password a user")
        return self


Channel = Annotated[WebhookChannel | SlackChannel | EmailChannel, Field(discriminator="kind")]


WITHOUT_SAYING: Final[frozenset[Event]] = frozenset({"opened", "worse", "escalated", "reminded", "resolved"})
"""The events of a subscription that names none."""


class Subscription(_Part):
    """Who is told what: of these events, KPIs (none named: all), concern and at least this severity, by a channel, now
    or once a day at an hour of the company's zone. `level` 2 is told of what was escalated once, 3 of what was
    escalated twice.
    """

    channel: Name
    person: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    events: Annotated[frozenset[Event], Field(min_length=1)] = WITHOUT_SAYING
    kpis: frozenset[str] = frozenset()
    about: About | None = None
    severity: Severity = "warning"
    rhythm: Literal["now", "daily"] = "now"
    hour: Annotated[int, Field(ge=0, le=23)] = 8
    level: Annotated[int, Field(ge=1, le=5)] = 1

    @model_validator(mode="after")
    def _hour_of_a_digest(self) -> Self:
        if self.rhythm == "now" and "hour" in self.model_fields_set:
            raise ValueError("hour is that of a digest: it needs `rhythm: daily`")
        return self

    def wants(self, told: Told) -> bool:
        """Whether it is told this."""
        return (
            told.event in self.events
            and (not self.kpis or told.kpi in self.kpis)
            and self.about in (None, told.about)
            and (self.severity == "warning" or told.severity == "critical")
            and self.level <= told.level + 1
        )


class Notifications(_Part):
    """The whole file. `people` gives key names their addresses; after `escalate_after_hours` an alert of a severity
    that nobody acknowledges goes to the next level. `remind_after_days` is how long an accepted proposal may be
    unpublished before people are reminded of it, and again.
    """

    people: dict[str, Address] = {}
    channels: dict[Name, Channel] = {}
    subscriptions: dict[Name, Subscription] = {}
    escalate_after_hours: dict[Severity, Annotated[int, Field(ge=1, le=24 * 365)]] = {}
    remind_after_days: Annotated[int, Field(ge=1, le=365)] = 7

    @property
    def levels(self) -> int:
        """How often an alert can be escalated: until the highest level is told."""
        return max((each.level for each in self.subscriptions.values()), default=1) - 1

    def address(self, subscription: Subscription) -> str | None:
        """Where the person of a subscription gets mail; None where nobody has said."""
        person = subscription.person
        return self.people.get(person or "", person if person and "@" in person else None)

    def for_told(self, told: Told) -> list[str]:
        """The names of the subscriptions that are told this."""
        return [name for name, each in self.subscriptions.items() if each.wants(told)]


NOBODY: Final = Notifications()


class Undeclared(Exception):
    """The file cannot be used; `findings` say what is wrong, a sentence each."""

    def __init__(self, findings: list[str], readable: Notifications | None = None) -> None:
        """`readable` is what the file says apart from that."""
        super().__init__("; ".join(findings))
        self.findings, self.readable = findings, readable


def notifications_of(text: str) -> Notifications:
    """The declaration in a YAML text.

    Raises:
        Undeclared: it is none, or says what cannot be.
    """
    try:
        data = load_yaml(text) or {}
    except (yaml.YAMLError, TooMuch) as error:
        raise Undeclared([f"this is no YAML that can be read: {' '.join(str(error).split())}"]) from None
    try:
        declared = Notifications.model_validate(data)
    except ValidationError as error:
        whole = _readable(data, error)
        slips = list(_slips(whole)) if whole is not None else []
        wrong = [f"{each['field']}: {each['reason']}" for each in field_errors(error)]
        raise Undeclared([*wrong, *slips], whole) from None
    if findings := list(_slips(declared)):
        raise Undeclared(findings, declared)
    return declared


def _readable(data: Any, error: ValidationError) -> Notifications | None:
    """What is left of a declaration without the fields that are wrong; None where that is none either."""
    left = copy.deepcopy(data)
    for mistake in error.errors():
        place: Any = left
        path = [part for part in mistake["loc"] if not isinstance(part, str) or part != "[key]"]
        try:
            for part in path[:-1]:
                place = place[part]
            del place[path[-1]]
        except (KeyError, IndexError, TypeError):
            return None
    try:
        return Notifications.model_validate(left)
    except ValidationError:
        return None


def remarks(declared: Notifications, *, kpis: Mapping[str, About], secrets: Path) -> Iterator[str]:
    """What would keep a notification from anybody, in sentences: subscriptions and channels that lead nowhere, KPIs
    that there are not, secrets that are missing. `kpis` says what each is about.
    """
    if not declared.subscriptions:
        yield "subscriptions: there is none, so nobody is told anything"
    for name, subscription in declared.subscriptions.items():
        for kpi in sorted(subscription.kpis - set(kpis)):
            yield f"subscriptions.{name}.kpis: there is no KPI {kpi}, so nothing will be told of it"
        for kpi in sorted(subscription.kpis & set(kpis)):
            is_about, wanted = kpis[kpi], subscription.about
            if wanted not in (None, is_about):
                yield f"subscriptions.{name}.kpis: {kpi} is about the {is_about}, and only the {wanted} is told"
    for name, channel in declared.channels.items():
        if isinstance(channel, WebhookChannel) and _in_the_open(channel.url):
            yield f"channels.{name}.url: notifications go to another machine over https only; write https://"
        for secret in secrets_of(channel):
            try:
                empty = not (secrets / secret).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                yield f"channels.{name}: the secret {secrets / secret} cannot be read ({error.__class__.__name__})"
            else:
                if empty:
                    yield f"channels.{name}: the secret {secrets / secret} is empty"


def _in_the_open(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme == "https":
        return False
    try:
        return not ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return parts.hostname != "localhost"


def secrets_of(channel: Channel) -> list[str]:
    """The names of the files that a channel needs."""
    match channel:
        case WebhookChannel():
            return [channel.secret]
        case SlackChannel():
            return [channel.url]
        case EmailChannel():
            return [channel.password] if channel.password else []


def _slips(declared: Notifications) -> Iterator[str]:
    levels = {each.level for each in declared.subscriptions.values()}
    for name, subscription in declared.subscriptions.items():
        channel = declared.channels.get(subscription.channel)
        if channel is None:
            known = ", ".join(sorted(declared.channels)) or "none"
            yield f"subscriptions.{name}.channel: there is no channel {subscription.channel}; declared are {known}"
        elif isinstance(channel, EmailChannel) and declared.address(subscription) is None:
            who = subscription.person or "nobody"
            yield f"subscriptions.{name}.person: {who} has no address; write one, or name the person below `people`"
        if missing := set(range(1, subscription.level)) - levels:
            yield f"subscriptions.{name}.level: no subscription has level {min(missing)}, so this one is never reached"
    if declared.escalate_after_hours and declared.levels == 0:
        yield "escalate_after_hours: no subscription has a level above 1 that could be told"

"""A sheet as a web page that needs nothing else: styles inside, no script, no request to anywhere."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template

from services.payout.statements.sheet import Sheet

_TEMPLATES = files("services.payout.statements") / "templates"


def page(sheet: Sheet) -> bytes:
    """The page; the same sheet is always the same bytes."""
    return _template().render(sheet=sheet, css=_css()).encode()


@cache
def content_security_policy() -> str:
    """What a browser may do with a page: show it with its own style, and nothing else.

    The style is allowed by its hash and not as `unsafe-inline`, so that a style or script that came in with somebody's
    name would not run even if escaping failed. `frame-ancestors`: nobody shows pay inside a page of theirs.
    """
    style = base64.b64encode(hashlib.sha256(_css().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{style}'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


@cache
def _css() -> str:
    return (_TEMPLATES / "sheet.css").read_text(encoding="utf-8")


@cache
def _template() -> Template:
    loader = FunctionLoader(lambda name: (_TEMPLATES / name).read_text(encoding="utf-8"))
    # Autoescape whatever the template's name: text of deals and reasons comes from anybody who can write to a CRM.
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template("sheet.html.jinja")

"""The commands of `earnest`, one module each. Importing a module adds its command, or its group of commands, to `app`.

What takes long to load is imported inside the functions: `earnest --help` does not wait for it.
"""

from typing import Annotated

import typer

app = typer.Typer(
    help="Sales incentive pay from a stream of events: correct to the cent, explained line by line.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)

Actor = Annotated[str, typer.Option("--as", metavar="NAME", help="Who acts: the name of a key in the folder's keys/.")]
AUTHOR, APPROVER, ANALYST = "dana", "frank", "analyst"
"""Who acts where nobody is named: three of the principals that a new installation has."""

"""The commands of `earnest`, one module each. Importing a module adds its command, or its group of commands, to `app`.

What takes long to load is imported inside the functions: `earnest --help` does not wait for it.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand

app = typer.Typer(
    help="Sales incentive pay from a stream of events: correct to the cent, explained line by line.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)

Actor = Annotated[str, typer.Option("--as", metavar="NAME", help="Who acts: the name of a key in the folder's keys/.")]
AUTHOR, ANALYST = "dana", "analyst"
"""Who acts where nobody is named: two of the principals that a new installation has. Nobody approves unnamed."""
Approver = Annotated[
    str, typer.Option("--as", metavar="NAME", help="Who approves: the name of a key in the folder's keys/.")
]

_FILE_SUFFIXES: Final = frozenset(
    {".csv", ".xlsx", ".xls", ".parquet", ".json", ".yaml", ".yml", ".pdf", ".html", ".txt", ".md", ".svg", ".png"}
)


def a_folder(path: Path | None) -> Path | None:
    """A folder to write into, which is made where it is not there; not what looks like the name of a file."""
    if path is None or path.is_dir():
        return path
    if path.exists():
        raise typer.BadParameter(f"{path} is a file, and a folder is needed here")
    if path.suffix.lower() in _FILE_SUFFIXES:
        raise typer.BadParameter(
            f"a folder is needed here, and {path} is the name of a file; say {path.with_suffix('')}"
        )
    return path


def a_file(path: Path | None) -> Path | None:
    """A file to write, in a folder that is there."""
    if path is not None and path.is_dir():
        raise typer.BadParameter(f"{path} is a folder; name a file in it")
    if path is not None and not path.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {path.parent} in which {path.name} could be written")
    return path


Out = Annotated[Path | None, typer.Option(help="A file to write; otherwise it is printed.", callback=a_file)]


def give(text: str, out: Path | None) -> None:
    """Print a text, or write it into a file and say so."""
    if out is None:
        typer.echo(text)
    else:
        out.write_text(text, encoding="utf-8")
        typer.echo(f"Written: {out}")


def give_schema(schema: Mapping[str, Any], out: Path | None) -> None:
    """Print or write a JSON Schema."""
    import orjson

    give(orjson.dumps(schema, option=orjson.OPT_INDENT_2).decode(), out)


_BELOW_ZERO: Final = re.compile(r"-[.,]?[0-9]")


class TakesAmounts(TyperCommand):
    """A command with an amount among its arguments, which may be less than zero: `-300.00` is no option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments, those that begin like an amount below zero among them."""
        return super().parse_args(ctx, self._arguments_last(args))

    def _arguments_last(self, args: list[str]) -> list[str]:
        """Options and their values first, then `--`, after which nothing is an option."""
        if "--" in args or not any(map(_BELOW_ZERO.match, args)):
            return args
        takes_value = {
            name: not getattr(option, "is_flag", False)
            for option in self.params
            for name in (*option.opts, *option.secondary_opts)
            if option.param_type_name == "option"
        }
        options, rest, waiting = [], [], list(args)
        while waiting:
            word = waiting.pop(0)
            if not word.startswith("-") or _BELOW_ZERO.match(word):
                rest.append(word)
                continue
            options.append(word)
            if takes_value.get(word) and waiting:
                options.append(waiting.pop(0))
        return [*options, "--", *rest]

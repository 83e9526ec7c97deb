"""The command line: `earnest COMMAND`. Every module of `earnest.commands` adds its commands."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from pkgutil import iter_modules
from typing import Annotated

# Before anything imports NumPy: of the small matrices of drift detection threads cost several times what they save.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import typer

from earnest import commands
from earnest.commands import app
from earnest.hints import as_called, called_with
from earnest.local.processes import LocalError


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"earnest {version('earnest')}")
        raise typer.Exit


@app.callback()
def _common(
    context: typer.Context,
    home: Annotated[
        Path | None,
        typer.Option(envvar="EARNEST_HOME", help="Folder of the installation on this machine; .earnest by default."),
    ] = None,
    _: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    # A folder that the environment names is found again by whoever types what a hint says.
    source = context.get_parameter_source("home")
    called_with(str(home) if source is not None and source.name == "COMMANDLINE" else None)
    if home is not None:  # by the environment, as everything below reads it, and processes that are started inherit it
        os.environ["EARNEST_HOME"] = str(home.resolve())


# Found and not listed: a command is one file, and nothing else knows of it.
for _module in iter_modules(commands.__path__):
    import_module(f"{commands.__name__}.{_module.name}")


def main() -> None:
    """Run the command line. An error is one line on stderr and exit code 1; what nobody expected leaves its traceback
    in a file.
    """
    try:
        app()
    except LocalError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("interrupted", code=130)
    except Exception as error:
        if _is_one_of(error, ("shared.kernel.arithmetic.expressions", "Overflow")):
            _fail(str(error))  # a sum that no amount can be: the files must be looked at, and no traceback
        if _is_out_of_reach(error):
            # The driver's own message is long and names an address; what to do is one line.
            _fail("the installation's database or log does not answer: run `earnest up` in another terminal")
        if isinstance(error, OSError) and error.filename is not None:
            _fail(f"{error.filename}: {error.strerror}")  # a disk that is full, a folder that nobody may write
        # The traceback may hold people's pay: into a private file, not onto the terminal.
        with tempfile.NamedTemporaryFile("w", prefix="earnest-error-", suffix=".txt", delete=False) as file:
            traceback.print_exc(file=file)
        first_line = next(iter(str(error).strip().splitlines()), "")
        _fail(f"{type(error).__name__}: {first_line} (details: {file.name})")


def _is_out_of_reach(error: Exception) -> bool:
    """Whether a server could not be reached."""
    reached = getattr(getattr(error, "orig", None), "sqlstate", None) is not None  # the database itself said something
    return not reached and _is_one_of(
        error, ("sqlalchemy.exc", "OperationalError"), ("shared.log.port", "LogUnavailable")
    )


def _is_one_of(error: Exception, *kinds: tuple[str, str]) -> bool:
    """Whether an error is of one of these classes, each by its module and name.

    They are looked up and not imported: a module that a command has not loaded did not raise anything, and loading it
    for a question would take longer than most commands.
    """
    loaded = (getattr(sys.modules[module], name) for module, name in kinds if module in sys.modules)
    return isinstance(error, tuple(loaded))


def _fail(message: str, code: int = 1) -> None:
    typer.echo(f"earnest: {as_called(message)}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()

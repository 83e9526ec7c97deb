"""The text of a YAML file that people write: a plan, a policy, a source, a mapping."""

from __future__ import annotations

from pathlib import Path

from shared.kernel.plan.exact_yaml import PlanFileError


def text_of(file: Path) -> str:
    """The text of a file.

    Raises:
        PlanFileError: there is none that can be read.
    """
    try:
        # Editors on Windows begin a file with a byte order mark, which YAML would take for a part of the first key.
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise PlanFileError("the text is not UTF-8", mend="save the file as UTF-8") from None
    except OSError as error:
        raise PlanFileError(error.strerror or str(error)) from None

"""Logs are JSON lines that name their service and never tell what an error was about."""

from __future__ import annotations

import json
import subprocess
import sys

PROGRAM = """
import logging, threading
import structlog
from shared import logs

logs.set_up("ingest")
log = structlog.get_logger("here")
log.info("taken", events=3)
def fail():
    pay = "5000.00"
    try:
        raise ValueError(f"Ann earns {pay}")
    except ValueError as error:
        log.error("failed", exc_info=error)
        logging.getLogger("library").exception("library failed")
thread = threading.Thread(target=fail)
thread.start()
thread.join()
"""


def test_every_line_is_json_of_the_service_and_no_error_tells_of_pay() -> None:
    output = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    taken, failed, library = (json.loads(line) for line in (output.stdout + output.stderr).splitlines())
    assert (taken["event"], taken["events"], taken["level"], taken["service"]) == ("taken", 3, "info", "ingest")
    for line in (failed, library):
        assert (line["error"], line["service"]) == ("ValueError", "ingest")
        assert line["through"][0].endswith("fail")
        assert "Ann" not in json.dumps(line)
        assert "5000" not in json.dumps(line)

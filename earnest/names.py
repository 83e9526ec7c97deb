"""The services by name. Nothing else is loaded with it, so that a command line may ask for one and still start at
once.
"""

from typing import Literal

Service = Literal["ingest", "scoring", "payout", "alerts", "access"]

"""What one client may take of a service, so that the others have the rest: time, connections, memory, places.

`limits` has the numbers, `protocol` keeps to those of connections, `requests` to those of bodies and places.
"""

from __future__ import annotations

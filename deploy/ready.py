#!/usr/bin/env python3
"""The health check of a container: exit 0 when the service on port `sys.argv[1]` says that it can do its work."""

import sys
import urllib.error
import urllib.request

try:
    urllib.request.urlopen(f"http://127.0.0.1:{int(sys.argv[1])}/readyz", timeout=4)
except (urllib.error.URLError, OSError) as error:
    sys.exit(str(error))

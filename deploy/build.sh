#!/bin/sh
# A step of the image's build, also run without an engine by build_check.sh: `build.sh dependencies|package FOLDER`.
# FOLDER becomes an environment with the locked packages and then with Earnest; it runs where it was made.
set -eu
step=$1 folder=$2
pip="$folder/bin/python -m pip --disable-pip-version-check install --quiet"

case $step in
dependencies)
    python3 -m venv "$folder"
    $pip --require-hashes -r requirements/runtime.lock
    ;;
package)
    # The builder is among the locked packages: nothing is downloaded here.
    $pip --no-build-isolation --no-deps --no-index .
    "$folder/bin/python" -m compileall -q "$folder/lib"
    ;;
*)
    echo "unknown step: $step" >&2
    exit 2
    ;;
esac

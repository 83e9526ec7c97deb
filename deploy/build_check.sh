#!/usr/bin/env bash
# Run the build steps of deploy/Dockerfile without an engine: the same files, the same script, a bare environment; then start
# what came out as the image would, as a user who can write nothing. Needs Python 3.11 or newer.
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)
python=$(command -v "${PYTHON:-python3}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"

# Only what a container would have: a path, and the settings that lead pip to its packages.
bare=(env -i "PATH=$(dirname "$python"):/usr/bin:/bin" "HOME=$folder" LANG=C.UTF-8)
bare+=("PIP_CACHE_DIR=$("$python" -m pip cache dir)")
while IFS= read -r variable; do bare+=("$variable"); done < <(env | grep -E '^(PIP_|SSL_CERT_|REQUESTS_CA_|https?_proxy|HTTPS?_PROXY|no_proxy)' || true)

# What the Dockerfile copies before each step, read from the Dockerfile itself.
mkdir "$folder/build" && cd "$folder/build"
grep -E '^(COPY|RUN|FROM)' "$repository/deploy/Dockerfile" | while read -r instruction arguments; do
    case $instruction in
    FROM) stage=$(( ${stage:-0} + 1 )); [ "$stage" -eq 1 ] || break ;;
    COPY)
        read -ra paths <<<"$arguments"
        target=${paths[-1]}
        for path in "${paths[@]:0:${#paths[@]}-1}"; do
            destination=$target
            [ "$target" != "./" ] || destination=$path
            mkdir -p "$(dirname "$destination")"
            git -C "$repository" ls-files -z -- "$path" | tar -C "$repository" --null -T - -cf - | tar -xf - -C .
            [ -e "$destination" ] || { echo "COPY $arguments: $path is not in the repository" >&2; exit 1; }
        done
        ;;
    RUN)
        echo "RUN $arguments"
        "${bare[@]}" sh -c "${arguments//\/opt\/earnest/$folder/image}"
        ;;
    esac
done

# As the image runs it: no checkout near, and as a user who can write nothing, if such a one can reach this Python at all.
cd /
become=()
if [ "$(id -u)" = 0 ]; then
    become=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    "${become[@]}" test -x "$(readlink -f "$folder/image/bin/python")" || become=()
fi
run=("${become[@]}" env -i "PATH=$folder/image/bin:/usr/bin:/bin" PYTHONDONTWRITEBYTECODE=1)
"${run[@]}" earnest --help >/dev/null
for service in ingest scoring payout alerts; do
    "${run[@]}" python -c "import importlib.util, sys; sys.exit(importlib.util.find_spec('services.$service.__main__') is None)" \
        || { echo "the image has no services.$service" >&2; exit 1; }
done
"${run[@]}" python - <<'PYTHON'
import importlib.resources, services.alerts, shared.log
for package in ("services.alerts", "services.scoring", "services.payout", "shared.log"):
    assert (importlib.resources.files(package) / "migrations" / "env.py").is_file(), f"{package} has no migrations in the image"
PYTHON
echo "The image builds."

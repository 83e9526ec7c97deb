#!/usr/bin/env bash
# Put Prometheus and Alertmanager with promtool and amtool, the checkers of their files, into the folder $1, from Debian's packages.
set -euo pipefail
target=$1
packages=(prometheus prometheus-alertmanager)

if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
    echo "Prometheus, Alertmanager, promtool or amtool is missing: install Prometheus and Alertmanager with your package manager" >&2
    exit 1
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo "Fetching Debian's ${packages[*]}"
if ! apt-get --quiet=2 download "${packages[@]}" >/dev/null 2>&1; then
    # A fresh machine has no package lists yet; these are ours alone, so that we need not be root.
    mkdir -p lists/partial cache
    options=(--quiet=2 -o "Dir::State::Lists=$folder/lists" -o "Dir::Cache=$folder/cache" -o Debug::NoLocking=1)
    if ! { apt-get "${options[@]}" update && apt-get "${options[@]}" download "${packages[@]}"; } >said 2>&1; then
        cat said >&2
        exit 1
    fi
fi
for package in ./*.deb; do dpkg-deb --extract "$package" unpacked; done
install -m 755 unpacked/usr/bin/{promtool,amtool,prometheus} "$target"

# Debian's Alertmanager reads its templates from /usr/share: it gets a view of the system in which they are there.
home=$target/../share/alertmanager
rm -rf "$home"
mkdir -p "$home"
cp -r unpacked/usr/bin/prometheus-alertmanager unpacked/usr/share "$home"
cat >"$target/prometheus-alertmanager" <<'WRAPPER'
#!/bin/sh
home=$(realpath "$(dirname "$0")/../share/alertmanager")
[ "$(id -u)" = 0 ] || user=--map-root-user
exec unshare --mount $user sh -c 'mount --bind "$0/share" /usr/share && exec "$0/prometheus-alertmanager" "$@"' "$home" "$@"
WRAPPER
chmod 755 "$target/prometheus-alertmanager"

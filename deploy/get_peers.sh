#!/usr/bin/env bash
# Put the programs that read our files in tests (hledger, ledger, LibreOffice Calc, OpenSSH's sftp and sftp-server, GnuPG) into the
# folder $1, from Debian's packages.
# Those and what they need are unpacked into $1/../share/peers and not installed: the system stays as it is, nobody needs to be root.
set -euo pipefail
target=$(realpath "$1")
exec 9>"$target/.get_peers.lock"
flock 9
PATH=$target:$PATH
wanted=()
command -v hledger >/dev/null || wanted+=(hledger)
command -v ledger >/dev/null || wanted+=(ledger)
command -v soffice >/dev/null || wanted+=(libreoffice-calc-nogui)
command -v sftp >/dev/null || wanted+=(openssh-client)
command -v sftp-server >/dev/null || wanted+=(openssh-sftp-server)
command -v gpg >/dev/null || wanted+=(gpg gpg-agent)
[ ${#wanted[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
    echo "missing: ${wanted[*]}; install hledger, ledger, LibreOffice Calc, OpenSSH and GnuPG with your package manager," >&2
    echo "and have sftp-server on the path" >&2
    exit 1
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
fetch=(apt-get --quiet=2 -o "Dir::Cache=$folder/cache" -o Debug::NoLocking=1 -o APT::Sandbox::User=)
install=(install --download-only --assume-yes --no-install-recommends "${wanted[@]}")
echo "Fetching Debian's ${wanted[*]} (once; up to 100 MB)"
if ! "${fetch[@]}" "${install[@]}" >/dev/null 2>&1; then
    # A fresh machine has no package lists yet, or old ones; these are ours alone, so that we need not be root.
    fetch+=(-o "Dir::State::Lists=$folder/lists")
    if ! { "${fetch[@]}" update && "${fetch[@]}" "${install[@]}"; } >"$folder/said" 2>&1; then
        cat "$folder/said" >&2
        exit 1
    fi
fi

home=$target/../share/peers
mkdir -p "$home"
home=$(realpath "$home")
for package in "$folder"/cache/archives/*.deb; do dpkg-deb --extract "$package" "$home"; done

# Packages point into the system with absolute links; ours must stay among the unpacked files where these have what is meant.
find "$home" -type l -lname '/*' -print0 | while IFS= read -r -d '' link; do
    meant=$(readlink "$link")
    [ ! -e "$home$meant" ] || ln -sfn "$home$meant" "$link"
done

# What LibreOffice's packages do when they are installed: its settings go to /etc, and its boot files name fixed places.
office=$home/usr/lib/libreoffice
if [ -d "$office" ]; then
    [ ! -d "$office/share/.registry" ] || cp -r "$office/share/.registry/." "$home/etc/libreoffice/registry"
    for boot in "$office"/program/*rc; do sed -i "s#file:///\(usr\|etc\)/#file://$home/\1/#g" "$(realpath "$boot")"; done
fi

libraries=$(find "$home/usr/lib" -mindepth 1 -maxdepth 3 -name 'lib*.so*' -printf '%h\n' | sort -u | paste -sd:)
wrap() { # the name, the program, and options that always go before others
    printf '#!/bin/sh\nLD_LIBRARY_PATH=%s${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} exec %s %s "$@"\n' \
        "'$libraries'" "'$2'" "${3:-}" >"$target/$1"
    chmod 755 "$target/$1"
}
for package in "${wanted[@]}"; do
    case $package in
    gpg-agent) ;;
    gpg) wrap gpg "$home/usr/bin/gpg" "--agent-program '$home/usr/bin/gpg-agent'" ;;
    openssh-client) wrap sftp "$home/usr/bin/sftp" "-S '$home/usr/bin/ssh'" ;;
    openssh-sftp-server) wrap sftp-server "$home/usr/lib/openssh/sftp-server" ;;
    libreoffice*) wrap soffice "$home/usr/lib/libreoffice/program/soffice" ;;
    *) wrap "$package" "$home/usr/bin/$package" ;;
    esac
done

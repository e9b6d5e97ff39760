#!/usr/bin/env bash
# Installs what pip cannot: PostGIS, a test browser, desktop GIS, the venv module. With apt when root or sudo without
# a password is at hand; otherwise prints the one command to run.
# usage: system.sh [postgis] [browser] [desktop] [venv]
set -euo pipefail

has_postgis() {
    local place
    for place in /usr/share/postgresql /usr/pgsql- /opt/homebrew/share/postgresql /usr/local/share/postgresql; do
        if compgen -G "$place*/*/extension/postgis.control" || compgen -G "$place*/extension/postgis.control"; then return; fi
    done
    return 1
}
has_browser() { command -v chromium || command -v chromium-browser || command -v google-chrome; }

has_desktop() { command -v ogrinfo && command -v curl && /usr/bin/python3 -c "import qgis.core"; }

packages=()
for need in "$@"; do
    case $need in
        postgis) has_postgis >/dev/null || packages+=(postgresql postgresql-postgis) ;;
        browser) has_browser >/dev/null || packages+=(chromium fonts-dejavu-core) ;;
        desktop) has_desktop >/dev/null || packages+=(gdal-bin qgis python3-qgis qgis-providers curl) ;;
        venv) packages+=(python3-venv) ;;
        *) echo "system.sh: unknown need: $need" >&2; exit 2 ;;
    esac
done
[ ${#packages[@]} -gt 0 ] || exit 0

install=(apt-get install --yes --quiet --no-install-recommends "${packages[@]}")
if [ "$(id -u)" -eq 0 ]; then as_root=(env DEBIAN_FRONTEND=noninteractive)
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then as_root=(sudo -n env DEBIAN_FRONTEND=noninteractive)
else
    echo "Kvart needs these system packages. Run this once, then repeat your command:" >&2
    echo "    sudo apt-get update && sudo ${install[*]}" >&2
    exit 1
fi
if ! command -v apt-get >/dev/null; then
    echo "Please install with your package manager: ${packages[*]} (PostgreSQL >= 15, PostGIS >= 3.3)." >&2
    exit 1
fi
echo "Installing ${packages[*]} ..."
"${as_root[@]}" apt-get update --quiet=2
"${as_root[@]}" "${install[@]}" >/dev/null

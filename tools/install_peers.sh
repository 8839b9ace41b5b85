#!/usr/bin/env bash
# Installs, on Debian and Ubuntu, the programs that tests use as the other side: a database server, DICOM tools, a
# browser, readers of PDF and rules for accessible pages. Tests that miss one skip, and say so. Programs that are installed already are left as
# they are.
set -euo pipefail

missing=()
need() { # PACKAGE COMMAND...: a package, and commands that come with it
    local package=$1
    shift
    for command in "$@"; do
        command -v "$command" > /dev/null || compgen -G "/usr/lib/postgresql/*/bin/$command" > /dev/null || {
            missing+=("$package")
            return
        }
    done
}

need postgresql initdb pg_ctl
need dcmtk storescu storescp echoscu dsrdump dcmdump
need dicom3tools dciodvfy
need chromium chromium
need poppler-utils pdftotext pdfinfo pdftoppm

# The rules of axe-core, which check whether pages are accessible: one file, outside the repository.
axe=${AXE_CORE:-$HOME/.cache/axe-core}
if [ ! -e "$axe/axe.min.js" ] && command -v npm > /dev/null; then
    scratch=$(mktemp -d)
    npm install --prefix "$scratch" --ignore-scripts --no-audit --no-fund --silent axe-core@4.14.1
    mkdir -p "$axe"
    cp "$scratch/node_modules/axe-core/axe.min.js" "$axe/"
    rm -r "$scratch"
fi

if [ ${#missing[@]} -eq 0 ]; then
    echo "nothing is missing"
    exit 0
fi
if ! command -v apt-get > /dev/null; then
    echo "missing: ${missing[*]}; this system has no apt-get, so install them in its own way" >&2
    exit 1
fi
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo -n)

# The tests start a server of their own; the package shall not start another one.
if [[ " ${missing[*]} " == *" postgresql "* && ! -e /etc/postgresql-common/createcluster.conf ]]; then
    "${as_root[@]}" mkdir -p /etc/postgresql-common
    echo "create_main_cluster = false" | "${as_root[@]}" tee /etc/postgresql-common/createcluster.conf > /dev/null
fi
"${as_root[@]}" apt-get -o Acquire::http::Timeout=20 update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"

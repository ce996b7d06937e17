#!/bin/sh
# Makes .venv with exactly what requirements-dev.txt pins, and does nothing when it is there.
# Needs Python 3.11 or later, and either uv or that Python's pip. Where packages come from is
# the environment's business (UV_*, PIP_*, pip.conf): nothing is said about it here.
set -eu

cd "$(dirname "$0")/.."
root=$(pwd -P)
venv=$root/.venv
scratch=$root/.local/bootstrap
pins=requirements-dev.txt

say() { printf '%s\n' "$*" >&2; }

# The stamp is what .venv was made from: the place (its scripts hold it) and the pins.
wanted() { printf '%s\n' "$root"; cat "$pins"; }
is_current() { [ -x "$venv/bin/python" ] && wanted | cmp -s - "$venv/.stamp"; }

lock() {
    mkdir -p "$scratch"
    if command -v flock >/dev/null 2>&1; then
        exec 9>"$scratch/lock"
        flock -n 9 || { say "等待另一个安装结束… / Waiting for another set-up to end…"; flock 9; }
        return
    fi
    while ! mkdir "$scratch/lock.d" 2>/dev/null; do
        # The holder wrote its pid; one that died without cleaning up must not block for ever.
        holder=$(cat "$scratch/lock.d/pid" 2>/dev/null || echo "")
        if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then rm -rf "$scratch/lock.d"; fi
        sleep 1
    done
    echo $$ >"$scratch/lock.d/pid"
    trap 'rm -rf "$scratch/lock.d"' EXIT
    trap 'exit 130' INT TERM HUP
}

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    # 3.11 is what we test with; a shim may be on PATH and still have no Python behind it.
    for name in ${PYTHON:-} python3.11 python3 python3.12 python3.13 python3.14 python; do
        if path=$(command -v "$name") && is_new_enough "$path"; then
            # Not the one of an activated .venv, which may be about to go.
            "$path" -c 'import sys; print(sys._base_executable)'
            return
        fi
    done
    if command -v uv >/dev/null 2>&1; then
        uv python find --no-python-downloads '>=3.11' 2>/dev/null && return
    fi
    say "需要 Python 3.11 以上, 但 PATH 中没有。请先安装(例如 python3.11), 或用 PYTHON=路径 指定。"
    say "Python 3.11 or later is needed, and PATH has none. Install one (such as python3.11),"
    say "or name it with PYTHON=/path/to/python."
    exit 1
}

use_writable_caches() {
    cache=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
    if [ -n "$cache" ] && mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ]; then return; fi
    export UV_CACHE_DIR="${UV_CACHE_DIR:-$scratch/uv-cache}"
    export PIP_CACHE_DIR="${PIP_CACHE_DIR:-$scratch/pip-cache}"
}

# uv does not read pip's variables; whoever set only those means them for it as well.
pass_on_pip_settings() {
    if [ -n "${PIP_INDEX_URL:-}" ]; then
        export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$PIP_INDEX_URL}"
    fi
    if [ -n "${PIP_CERT:-}" ]; then export SSL_CERT_FILE="${SSL_CERT_FILE:-$PIP_CERT}"; fi
}

find_uv() {
    for path in "$(command -v uv || true)" "$venv/bin/uv" "$scratch/uv/bin/uv"; do
        if [ -n "$path" ] && "$path" --version >/dev/null 2>&1; then
            printf '%s\n' "$path"
            return
        fi
    done
    install_uv && printf '%s\n' "$scratch/uv/bin/uv"
}

# Any pip will do, of any Python: uv is a plain binary. Debian's Python may lack pip or ensurepip.
install_uv() {
    say "安装 uv… / Installing uv…"
    awk '/^[a-z]/ { ours = /^uv==/ } ours' "$pins" >"$scratch/uv.txt"
    for name in "$python" python3 python3.11 python3.12 python3.13 python; do
        if "$name" -m pip --version >/dev/null 2>&1; then
            install_uv_with "$name" && return
        elif "$name" -m venv "$scratch/pip" >/dev/null 2>&1; then
            install_uv_with "$scratch/pip/bin/python" && return
        fi
    done
    say "没有可用的 pip。请安装 uv, 或安装 python3-venv / python3-pip 后重试。"
    say "No working pip was found. Install uv, or python3-venv or python3-pip, and try again."
    return 1
}

install_uv_with() {
    PIP_ROOT_USER_ACTION=ignore "$1" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        --require-hashes --upgrade --target "$scratch/uv" -r "$scratch/uv.txt" >&2
}

make_venv() {
    # A moved tree or a Python that went away leaves a .venv whose scripts lead nowhere.
    if [ -f "$venv/.stamp" ] && [ "$(head -n 1 "$venv/.stamp")" = "$root" ] &&
        is_new_enough "$venv/bin/python"; then
        return
    fi
    if [ ! -f "$venv/.stamp" ] && is_new_enough "$venv/bin/python"; then return; fi
    if [ "$uv" = "$venv/bin/uv" ]; then
        mkdir -p "$scratch/uv/bin"
        cp "$uv" "$scratch/uv/bin/uv"
        uv=$scratch/uv/bin/uv
    fi
    rm -rf "$venv"
    "$uv" venv --quiet --python "$python" "$venv"
}

sync_with_uv() {
    "$uv" pip sync --quiet --require-hashes --python "$venv/bin/python" "$pins"
}

sync_packages() {
    sync_with_uv 2>"$scratch/uv.log" && return
    # Behind a company's proxy only the system's own list of authorities will do.
    (export UV_SYSTEM_CERTS=1 && sync_with_uv) 2>>"$scratch/uv.log" && return
    cat "$scratch/uv.log" >&2
    # pip may know a way that uv does not, such as the mirror in pip.conf.
    say "uv 未能完成, 改用 pip… / uv did not succeed; trying pip…"
    "$python" -m pip --python "$venv/bin/python" install --quiet --require-hashes -r "$pins"
}

if is_current; then exit 0; fi
lock
if is_current; then exit 0; fi
say "准备 .venv(首次约一分钟)… / Preparing .venv (about a minute the first time)…"
python=$(find_python)
use_writable_caches
pass_on_pip_settings
uv=$(find_uv)
make_venv
sync_packages
wanted >"$venv/.stamp"
say "完成 / Done: $("$venv/bin/python" --version)"

# Sourced by run, test and the Makefile, which stand in the same directory. POSIX sh.
#
#   environment DIRECTORY LOCKFILE…
#
# makes DIRECTORY a virtual environment holding exactly what the lock files name, or leaves it
# alone where it already is one. It says what it does on stderr and ends the program when it cannot.
# What a lock file whose name ends in -alone.txt names is installed without what it asks for.

# Where packages are fetched from is the user's business, so pip's index, proxy and certificate
# settings stay. What is installed, and where to, is ours.
unset PYTHONHOME PYTHONPATH PYTHONSAFEPATH PYTHONOPTIMIZE PYTHONWARNINGS
unset PIP_ABI PIP_EDITABLE PIP_IMPLEMENTATION PIP_PLATFORM PIP_PREFIX PIP_PYTHON \
    PIP_PYTHON_VERSION PIP_REQUIREMENT PIP_ROOT PIP_TARGET
# These overrule the user's pip.conf as well.
export PIP_USER=0 PIP_DRY_RUN=0 PIP_NO_DEPS=0
export PIP_CONSTRAINT=/dev/null PIP_NO_BINARY=:none: PIP_ONLY_BINARY=:none:

say() {
    echo "${0##*/}: $*" >&2
}

fail() {
    say "$@"
    exit 1
}

# Runs a command and shows what it printed only if it fails.
quietly() {
    output=$("$@" 2>&1 </dev/null) && return
    printf '%s\n' "$output" >&2
    return 1
}

# Prints the newest Python that runs the statement $1 without an error.
find_python() {
    for name in python3.14 python3.13 python3.12 python3.11 python3; do
        if "$name" -c "$1" </dev/null >/dev/null 2>&1; then
            command -v "$name"
            return
        fi
    done
    return 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# After "su" root's PATH may lack /usr/sbin, without which dpkg refuses to work.
apt() {
    as_root env PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
        apt-get -y -o DPkg::Lock::Timeout=120 "$@"
}

# Installs Debian packages, or tells why it cannot and returns 1.
debian_packages() {
    if ! command -v apt-get >/dev/null; then
        say "cannot install $*: this is not Debian (no apt-get)"
        return 1
    elif ! as_root true 2>/dev/null; then
        say "cannot install $*: neither root nor sudo without a password"
        return 1
    fi
    say "installing with apt-get: $*"
    apt install --no-install-recommends "$@" </dev/null >/dev/null 2>&1 && return
    say 'that failed, so refreshing the package lists and trying again'
    quietly apt update && quietly apt install --no-install-recommends "$@"
}

# Unpacks Debian packages, and what else they need and the machine lacks, into the directory $1, and
# installs none: what they would start is not started. Or tells why it cannot and returns 1.
unpack_debian_packages() {
    directory=$1
    shift
    if ! command -v apt-get >/dev/null; then
        say "cannot unpack $*: this is not Debian (no apt-get)"
        return 1
    fi
    say "unpacking into $directory, without installing: $*"
    rm -rf "$directory"
    mkdir -p "$directory"
    download_debian_packages "$directory" "$@" >/dev/null 2>&1 && return
    if ! as_root true 2>/dev/null; then
        say 'that failed, and neither root nor sudo is here to refresh the package lists'
        return 1
    fi
    say 'that failed, so refreshing the package lists and trying again'
    quietly apt update && quietly download_debian_packages "$directory" "$@"
}

download_debian_packages() (
    cd "$1" || exit
    shift
    missing=$(apt-get -s install --no-install-recommends "$@") || exit
    missing=$(printf '%s\n' "$missing" | sed -n 's/^Inst \([^ ]*\).*/\1/p')
    # shellcheck disable=SC2086  # names of packages, one word each
    apt-get download $missing || exit
    for package in *.deb; do
        dpkg -x "$package" . && rm "$package" || exit
    done
)

# Prints the Python to make environments with. Debian keeps venv and ensurepip in a package of
# their own, python3-venv.
environment_python() {
    modern='import sys; assert sys.version_info >= (3, 11)'
    complete="$modern; import ensurepip, sqlite3, ssl, venv"
    find_python "$complete" && return
    find_python "$modern" >/dev/null ||
        fail "Python 3.11 or newer is needed, here is $(python3 --version 2>/dev/null || echo none)"
    say 'this Python cannot make virtual environments: python3-venv is missing'
    debian_packages python3-venv && find_python "$complete" && return
    fail 'run this once, then again what you ran: sudo apt-get install -y python3-venv'
}

# Prints what the environment $1 with the lock files $2… must have been made from: this very
# Python and this content.
fingerprint() {
    directory=$1
    shift
    "$directory/bin/python" -c '
import hashlib, pathlib, sys
made_from = [sys.version, *(pathlib.Path(name).read_text() for name in sys.argv[1:])]
print(hashlib.sha256("".join(made_from).encode()).hexdigest())
' "$@" 2>/dev/null
}

# The file "ready" is written last, so an interrupted installation never counts as ready.
ready() {
    made_from=$(fingerprint "$@") && [ "$made_from" = "$(cat "$1/ready" 2>/dev/null)" ]
}

make_environment() {
    directory=$1
    shift
    python=$(environment_python) || exit 1
    if [ -e "$directory" ]; then
        say "making $directory anew: it is unfinished, or the lock or Python has changed"
        rm -rf "$directory"
    fi
    say "making $directory with $("$python" --version) ($python)"
    quietly "$python" -m venv "$directory" || fail "could not make $directory"
    echo '*' >"$directory/.gitignore"
    say "installing into it what is locked in $*"
    made_from=$(fingerprint "$directory" "$@")
    alone=
    for lockfile; do
        shift
        case $lockfile in
        *-alone.txt) alone=$lockfile ;;
        *) set -- "$@" --requirement "$lockfile" ;;
        esac
    done
    install_locked "$directory" "$@"
    if [ "$alone" ]; then install_locked "$directory" --no-deps --requirement "$alone"; fi
    echo "$made_from" >"$directory/ready"
}

install_locked() {
    directory=$1
    shift
    quietly "$directory/bin/python" -m pip install --no-input --disable-pip-version-check \
        --require-hashes "$@" || fail "could not install into $directory"
}

environment() {
    if ready "$@"; then
        say "nothing to install: $1 is ready"
        return
    fi
    (
        # Two programs that start together make it once.
        if command -v flock >/dev/null; then flock 9; fi
        ready "$@" || make_environment "$@" 9<&-
    ) 9<"$2" || exit 1
}

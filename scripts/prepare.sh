# Shared by ./robust-tickets and ./test.sh (sourced, bash): finds the .NET SDK, installs missing system packages, builds the native shim and
# the command line, each only when something changed. Expects $root (the repository) and $me (the name for messages). Everything printed here
# goes to stderr: stdout belongs to the program's results.
#
# A build of the command line lands in build/cli/<hash of the sources>: a start with known sources needs no lock and no build, a running
# program never has its files overwritten by a later build, and going back to an earlier version of the sources costs nothing.

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0 MSBUILDDISABLENODEREUSE=1

# No build server may outlive us: it would hold the lock's and the log's file descriptors.
build_flags=(--nologo -v quiet -nodeReuse:false -m:2 -p:UseSharedCompilation=false -clp:NoSummary)

say() { echo "$me: $*" >&2; }

# fail CODE TEXT...: 1 = a build failed, 3 = something is missing (the exit codes of the command line).
fail() {
    local code=$1
    shift
    say "$@"
    exit "$code"
}

find_dotnet() {
    dotnet=$(command -v dotnet || true)
    local candidate
    for candidate in "${DOTNET_ROOT:-}/dotnet" "${HOME:-}/.dotnet/dotnet" /usr/share/dotnet/dotnet /usr/lib/dotnet/dotnet; do
        [ -z "$dotnet" ] && [ -x "$candidate" ] && dotnet=$candidate
    done
    [ -n "$dotnet" ] || fail 3 "the .NET 10 SDK is needed and 'dotnet' was not found (PATH, DOTNET_ROOT, ~/.dotnet); get it at https://dotnet.microsoft.com/download/dotnet/10.0"
}

# Only builds need what follows, so only builds pay for it.
check_sdk() {
    local version
    # Without libicu (a minimal system) the SDK itself refuses to start unless told to do without cultures.
    if [ -z "${DOTNET_SYSTEM_GLOBALIZATION_INVARIANT:-}" ] && ! ls /usr/lib/*/libicuuc.so.* /usr/lib/libicuuc.so.* /usr/lib64/libicuuc.so.* >/dev/null 2>&1; then
        export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
    fi
    if [ -z "${HOME:-}" ] || [ ! -w "$HOME" ]; then export DOTNET_CLI_HOME="$root/build/dotnet-home" NUGET_PACKAGES="$root/build/nuget"; fi
    version=$(cd "$root" && "$dotnet" --version 2>&1) ||
        fail 3 "the .NET 10 SDK is needed; '$dotnet --version' says: $version"
}

# Held while something is installed or built; a second start waits here and then finds the work done.
take_lock() {
    mkdir -p "$root/build" 2>/dev/null || fail 3 "cannot create $root/build (is the checkout writable?)"
    exec 9>"$root/build/.lock" || fail 3 "cannot write $root/build/.lock"
    if ! flock -n 9; then
        say "another start is building; waiting for it"
        flock 9
    fi
}

drop_lock() { exec 9>&-; }

# logged NAME COMMAND...: runs quietly into build/NAME.log; prints the log when the command fails.
logged() {
    local log="$root/build/$1.log" code=0
    shift
    "$@" >"$log" 2>&1 </dev/null 9>&- || code=$?
    if [ "$code" -ne 0 ]; then
        cat "$log" >&2
        say "failed with code $code: $*"
        say "(the log above is $log)"
    fi
    return "$code"
}

first_file() { local file; for file in "$@"; do [ -e "$file" ] && { echo "$file"; return 0; }; done; return 1; }

system_libtorch() { first_file /usr/lib/*/libc10.so /usr/lib/libc10.so /usr/local/lib/libc10.so; }

# Installs what the native shim needs and this machine lacks. What is there is recognised by its files, so a libtorch or a compiler that came by
# another way than apt is respected. LIBTORCH=/path/to/libtorch replaces the system's libtorch. ROBUST_TICKETS_NO_INSTALL=1 never installs.
install_packages() {
    local needed=() wanted=() how=() package
    command -v c++ >/dev/null || needed+=(g++)
    command -v cmake >/dev/null || needed+=(cmake)
    command -v make >/dev/null || needed+=(make)
    if [ -n "${LIBTORCH:-}" ]; then
        [ -e "$LIBTORCH/lib/libc10.so" ] || fail 3 "LIBTORCH=$LIBTORCH holds no lib/libc10.so; give the folder that has include/ and lib/ of libtorch 1.13 or 2.x"
    else
        system_libtorch >/dev/null || needed+=(libtorch-dev)
        # One OpenMP pool for BLAS and libtorch, the headers of its fused kernels, process groups: without them a part is slower or refused.
        first_file /usr/lib/*/openblas-openmp/libopenblas.so.0 >/dev/null || wanted+=(libopenblas0-openmp)
        first_file /usr/lib/*/libdnnl.so /usr/lib/libdnnl.so /usr/local/lib/libdnnl.so >/dev/null || wanted+=(libdnnl-dev)
        [ -e /usr/include/gloo/algorithm.h ] || wanted+=(libgloo-dev)
    fi
    # The tests compare PWWS with the WordNet that its reference values were made with; without it they are skipped by name.
    [ -z "${want_wordnet:-}" ] || [ -e /usr/share/wordnet/index.noun ] || wanted+=(wordnet-base)
    # The page of the playground is tested in a browser, which needs a font; without it those tests are skipped by name.
    [ -z "${want_browser:-}" ] || command -v chromium >/dev/null || wanted+=(chromium fonts-dejavu-core)
    [ ${#needed[@]} -gt 0 ] || [ ${#wanted[@]} -gt 0 ] || return 0

    local by_hand="apt-get install --no-install-recommends ${needed[*]} ${wanted[*]}" obstacle=
    if [ -n "${ROBUST_TICKETS_NO_INSTALL:-}" ]; then obstacle="ROBUST_TICKETS_NO_INSTALL is set"
    elif ! command -v apt-get >/dev/null; then obstacle="this system has no apt-get (Debian 12 is what is tested)"
    elif [ "$(id -u)" -eq 0 ]; then how=(env)
    elif ! command -v sudo >/dev/null; then obstacle="you are not root and there is no sudo"
    elif sudo -n true 2>/dev/null || [ -t 0 ]; then how=(sudo env)
    else obstacle="sudo asks for a password and there is no terminal to type it on"
    fi
    if [ -n "$obstacle" ]; then
        if [ ${#needed[@]} -eq 0 ]; then
            say "going on without ${wanted[*]} (speed, process groups, tests of WordNet and of the browser), because $obstacle; as root: $by_hand"
            return 0
        fi
        fail 3 "missing: ${needed[*]}, and $obstacle.
  On Debian 12, as root:  $by_hand
  Elsewhere: install cmake, make and a C++17 compiler, unpack libtorch (1.13 or 2.x) and set LIBTORCH=/path/to/libtorch
  (help, lists, plans of train and experiment, recipes, tokenize and ONNX models work without any of this)"
    fi

    say "installing ${needed[*]} ${wanted[*]} (once; log: build/apt.log)"
    local apt=("${how[@]}" DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=600)
    local install=("${apt[@]}" install --no-install-recommends "${needed[@]}" "${wanted[@]}")
    for package in "${needed[@]}" "${wanted[@]}"; do
        if ! apt-cache policy "$package" 2>/dev/null | grep -q 'Candidate: [0-9]'; then
            logged apt-update "${apt[@]}" update || fail 3 "'apt-get update' failed"
            break
        fi
    done
    # A package list that is older than the archive names files that are gone: one refresh, one more try.
    if ! "${install[@]}" >"$root/build/apt.log" 2>&1 </dev/null 9>&-; then
        logged apt-update "${apt[@]}" update || fail 3 "'apt-get update' failed"
        logged apt "${install[@]}" || fail 3 "could not install ${needed[*]} ${wanted[*]}; where a package is unknown, set LIBTORCH=/path/to/libtorch (1.13 or 2.x) instead"
    fi
}

# The shim for the system's libtorch lies where the program looks for it; each other libtorch has a folder of its own, so that going back and
# forth between two of them builds nothing. Somebody who names a shim by ROBUST_TICKETS_NATIVE has built it already.
native_given=${ROBUST_TICKETS_NATIVE:-}
native_folder=$root/native/build
if [ -n "${LIBTORCH:-}" ] && [ -z "$native_given" ]; then
    native_folder=$root/build/native/$(echo "$LIBTORCH" | sha256sum | cut -c1-16)
    export ROBUST_TICKETS_NATIVE=$native_folder
fi

# What the shim was built from: its sources and the libtorch it is linked with.
native_key() {
    local library=${LIBTORCH:+$LIBTORCH/lib/libc10.so}
    [ -n "$library" ] || library=$(system_libtorch) || library=none
    { cat "$root"/native/*.cpp "$root"/native/*.h "$root"/native/testing/*.cpp "$root"/native/CMakeLists.txt "$root"/native/build.sh
      echo "$library"; stat -L -c '%s %Y' "$library"; ls /usr/include/gloo/algorithm.h; } 2>/dev/null | sha256sum | cut -c1-16
}

native_is_current() {
    [ -n "$native_given" ] ||
        { [ -e "$native_folder/librobust_tickets_torch.so" ] && [ "$(cat "$native_folder/key" 2>/dev/null)" = "$(native_key)" ]; }
}

# Lock held.
prepare_native() {
    native_is_current && return 0
    install_packages
    say "building the native library (once)"
    logged native env ROBUST_TICKETS_NATIVE_BUILD="$native_folder" "$root/native/build.sh" || fail 1 "the native library could not be built"
    native_key >"$native_folder/key"
}

# Everything that goes into the program, by content: a checkout that only touches times rebuilds nothing.
sources_key() {
    cd "$root" && find src packaging Directory.Build.props Directory.Build.targets Directory.Packages.props global.json \
        \( -name bin -o -name obj \) -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16
}

# Lock held. Builds aside and renames: a folder under build/cli is complete or absent.
prepare_cli() {
    local key=$1 fresh="$root/build/cli/.new"
    [ -e "$root/build/cli/$key/robust-tickets.dll" ] && return 0
    check_sdk
    say "building (first start, or the sources changed)"
    rm -rf "$fresh"
    logged build "$dotnet" build "$root/src/RobustTickets.Cli/RobustTickets.Cli.csproj" -c Release -o "$fresh" "${build_flags[@]}" ||
        fail 1 "the program could not be built"
    mv "$fresh" "$root/build/cli/$key"
    # Keep the three newest and whatever a running program has open.
    local old
    ls -1td "$root"/build/cli/*/ | tail -n +4 | while read -r old; do
        grep -qsF "${old%/}/" /proc/[0-9]*/maps || rm -rf "$old"
    done
}

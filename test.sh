#!/usr/bin/env bash
# Installs what is missing, builds everything, runs the tests and closes with `N passed, N failed` (and `, N skipped`).
#   ./test.sh             all tests
#   ./test.sh golden      only those that compare with values from independent implementations (see tests/README.md)
#   ./test.sh FILTER      only tests whose full name contains FILTER, or a filter expression of `dotnet test` such as 'Category=Golden'
# The code is non-zero when a test failed, a test run broke off, something did not build, or nothing was executed.
set -uo pipefail
me=test.sh
root=$(dirname "$(readlink -f "$0")")
. "$root/scripts/prepare.sh"
cd "$root" || exit 1

case ${1:-} in
    '') filter= ;;
    golden) filter='Category=Golden|FullyQualifiedName~Golden' ;;
    -*) fail 2 "unknown option '$1'; usage: ./test.sh [golden | FILTER]" ;;
    *[=~]*) filter=$1 ;;
    *) filter="FullyQualifiedName~$1" ;;
esac

passed=0 failed=0 skipped=0
closing() { echo "$passed passed, $failed failed, $skipped skipped"; }

# What stops before any test ran counts as one failure, so that the closing line never reads like success.
started=false
trap '$started || { failed=1; closing; }' EXIT

find_dotnet
take_lock
[ -n "$native_given" ] || want_wordnet=1 want_browser=1 install_packages
prepare_native
check_sdk
say "building"
logged test-build "$dotnet" build RobustTickets.slnx -c Release "${build_flags[@]}" || fail 1 "the build failed"
prepare_cli "$(sources_key)"
drop_lock
started=true

results=$root/build/test-results
rm -rf "$results"
mkdir -p "$results"

# What the user keeps decides no test.
export ROBUST_TICKETS_RESOURCES=$root/build/no-resources ROBUST_TICKETS_MODELS=$root/build/no-models
mkdir -p "$ROBUST_TICKETS_RESOURCES" "$ROBUST_TICKETS_MODELS"

# The format counts as one check of a whole run. Without network the formatter may be out of reach: then it is skipped by name.
[ -n "$filter" ] || echo "== format"
if [ -n "$filter" ]; then
    :
elif ! "$dotnet" tool restore >"$root/build/format.log" 2>&1 </dev/null; then
    echo "format: skipped, the formatter cannot be restored (build/format.log)"
    skipped=$((skipped + 1))
elif "$dotnet" csharpier check . >"$root/build/format.log" 2>&1 </dev/null; then
    passed=$((passed + 1))
else
    head -n 40 "$root/build/format.log"
    echo "format: run 'dotnet csharpier format .' (log: build/format.log)"
    failed=$((failed + 1))
fi

# attribute NAME FILE: a number of the <Counters> element of a test result file.
attribute() { grep -o '<Counters [^>]*' "$2" | head -n 1 | grep -o " $1=\"[0-9]*\"" | grep -o '[0-9]*'; }

for project in tests/*.Tests; do
    name=$(basename "$project")
    trx=$results/$name.trx
    echo "== $name"
    code=0
    # A test that hangs is named and ends the run of its project; --no-build: what was built above is what is tested.
    "$dotnet" test "$project" -c Release --no-build --nologo ${filter:+--filter "$filter"} \
        --logger "trx;LogFileName=$trx" --logger "console;verbosity=minimal" \
        --blame-hang --blame-hang-timeout 8min --blame-hang-dump-type none --results-directory "$results" </dev/null || code=$?
    if [ ! -e "$trx" ]; then
        echo "$name: the test run left no result (code $code)"
        failed=$((failed + 1))
        continue
    fi
    total=$(attribute total "$trx") executed=$(attribute executed "$trx") bad=$(attribute failed "$trx") good=$(attribute passed "$trx")
    passed=$((passed + good))
    failed=$((failed + bad))
    skipped=$((skipped + total - executed))
    # A crash or a hang takes tests with it that appear nowhere in the counts.
    if [ "$bad" -eq 0 ] && { [ "$code" -ne 0 ] || [ $((good + total - executed)) -ne "$total" ]; }; then
        echo "$name: the test run broke off (code $code)"
        failed=$((failed + 1))
    elif [ "$executed" -eq 0 ] && [ -z "$filter" ]; then
        echo "$name: no test was executed"
        failed=$((failed + 1))
    fi
done

if [ $((passed + failed + skipped)) -eq 0 ]; then
    echo "no test was executed${filter:+ (filter: $filter)}"
    failed=1
fi
closing
[ "$failed" -eq 0 ]

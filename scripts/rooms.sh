#!/usr/bin/env bash
# Brings the table of rooms in docs/reading-order.md up to date: one row for each folder of sources, with its files and
# lines. What a room holds is written by hand and stays; a new room stands last in its project and wants its words.
set -euo pipefail
cd "$(dirname "$0")/.."
page=docs/reading-order.md

find src native \( -name bin -o -name obj -o -name build \) -prune -o \
    \( -name '*.cs' -o -name '*.cpp' -o -name '*.h' \) -printf '%h %p\n' | LC_ALL=C sort |
    while read -r room file; do echo "$room $(wc -l <"$file")"; done |
    awk '{ files[$1]++; lines[$1] += $2; if (files[$1] == 1) order[++n] = $1 }
         END { for (i = 1; i <= n; i++) print order[i], files[order[i]], lines[order[i]] }' >"$page.rooms"

awk -F '|' -v counts="$page.rooms" '
    function row(room, holds) { printf "| `%s` | %d | %d | %s |\n", room, files[room], lines[room], holds; delete files[room] }
    function project(room) { split(room, parts, "/"); return parts[1] "/" parts[2] }
    function rest(of,    i) { for (i = 1; i <= n; i++) if (order[i] in files && (of == "" || project(order[i]) == of)) row(order[i], "?") }
    BEGIN { while ((getline line < counts) > 0) { split(line, f, " "); order[++n] = f[1]; files[f[1]] = f[2]; lines[f[1]] = f[3] } }
    /<!-- rooms -->/ { inside = 1; print; next }
    /<!-- \/rooms -->/ { if (last != "") rest(last); rest(""); inside = 0 }
    inside && /^\| `/ {
        room = $2; gsub(/[ `]/, "", room); holds = $5; gsub(/^ +| +$/, "", holds)
        if (last != "" && project(room) != last) rest(last)
        last = project(room)
        if (room in files) row(room, holds)
        next
    }
    { print }' "$page" >"$page.new"
rm "$page.rooms"
mv "$page.new" "$page"

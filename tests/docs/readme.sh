#!/bin/bash
# SPDX-License-Identifier: MIT
# The README's program compiles and prints what the README says; its two front doors are one line each. What the
# README and the pages of docs/ link to or name exists.
# usage: readme.sh SOURCE_DIR WORK_DIR CC
set -eu
source_dir=$1 work=$2 cc=$3
. "$source_dir/tests/common/check.sh"
rm -rf "$work"
mkdir -p "$work"
cd "$work"
readme=$source_dir/README.md

# block LANGUAGE [HEADING]: the first fenced block of that language (below that heading)
block() {
	awk -v fence="\`\`\`$1" -v heading="${2:-}" '
		$0 == heading { found = 1 }
		heading == "" { found = 1 }
		/^## / && found && heading != "" && $0 != heading { exit }
		found && $0 == fence { inside = 1; next }
		inside && /^```$/ { exit }
		inside { print }' "$readme"
}

block c >program.c
sed -n 's,.*/\* prints: \(.*\) \*/$,\1,p' program.c >wanted
[ -s program.c ] || fail "README.md has lost its program"
[ -s wanted ] || fail "README.md has lost what its program prints"
must "$cc" -std=c11 -Wall -Wextra -Werror -I"$source_dir/include" program.c "$source_dir/src/errseq.c" -o program
./program >printed || fail "the README's program ended with $?"
diff wanted printed || fail "the README's program prints something else"
echo "the README's program of $(grep -c . program.c) lines prints what the README says"

for heading in 'Run it' 'Test it'; do
	lines=$(block sh "## $heading" | wc -l)
	[ "$lines" = 1 ] || fail "'## $heading' should have one sh block of one line, and has $lines lines"
	fences=$(awk -v h="## $heading" '$0 == h { on = 1; next } /^## / { on = 0 } on && /^```sh$/' "$readme" | wc -l)
	[ "$fences" = 1 ] || fail "'## $heading' should have one sh block, and has $fences"
done

# Links are relative to the page; paths in the text, here and in comments of the source, to the top.
cd "$source_dir"
pages=(README.md CONTRIBUTING.md packaging/README.md docs/*.md docs/evidence/*.md)
named='(?<![\w/.-])(tests|tools|src|include|docs|examples|cmake)/[\w./+-]*\w'
# Each preset that a page names exists, of the kind that it asks for.
presets() {
	sed -n "/\"${1}Presets\"/,/^  \]/p" CMakePresets.json | sed -n 's/.*"name": "\([a-z]*\)".*/\1/p'
}
grep -hoE 'cmake (--workflow |--build )?--preset [a-z]+' "${pages[@]}" tests/README.md | sort -u | while read -r command; do
	case $command in
	*--workflow*) kind=workflow ;;
	*--build*) kind=build ;;
	*) kind=configure ;;
	esac
	presets $kind | grep -qxF "${command##* }" || fail "'$command': CMakePresets.json has no such $kind preset"
done

missing=$(
	for page in "${pages[@]}"; do
		grep -oP '\]\(\K[^)#:]+(?=[)#])' "$page" | sort -u | while read -r path; do
			[ -e "$(dirname "$page")/$path" ] || echo "$page points to $path"
		done
		grep -oP "$named" "$page" | sort -u | while read -r path; do
			[ -e "$path" ] || echo "$page names $path"
		done
	done
	grep -roE 'docs/[a-z/-]+\.(md|svg)' include src tests tools bench cmake examples CMakeLists.txt | sort -u | while IFS=: read -r file path; do
		[ -e "$path" ] || echo "$file names $path"
	done
)
[ -z "$missing" ] || fail "these do not exist:
$missing"
echo "${#pages[@]} pages, and the source, name no page or file that is missing"

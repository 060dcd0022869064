#!/bin/bash
# SPDX-License-Identifier: MIT
# Code in a page of docs/ that is cut from a source file, so that it cannot rot: below a line
#	<!-- excerpt: FILE NAME -->
# stands, as a fenced block, what FILE has between "/* docs: NAME */" and "/* docs: end */".
# usage: excerpts.sh [--update] SOURCE_DIR PAGE...
# Without --update it fails, with a diff, if a page says something else.
set -eu
update=0
if [ "${1:-}" = --update ]; then
	update=1
	shift
fi
[ $# -ge 2 ] || {
	echo "usage: excerpts.sh [--update] SOURCE_DIR PAGE..." >&2
	exit 2
}
source_dir=$1
shift
new=$(mktemp)
trap 'rm -f "$new"' EXIT
status=0

for page; do
	awk -v root="$source_dir" -v page="$page" '
		function excerpt(file, name,    line, inside, tabs, found) {
			while ((getline line <(root "/" file)) > 0) {
				if (line ~ "^\t*/\\* docs: " name " \\*/$") {
					inside = found = 1
					tabs = match(line, /[^\t]/) - 1
				} else if (inside && line ~ /^\t*\/\* docs: end \*\/$/) {
					inside = 0
				} else if (inside) {
					print substr(line, tabs + 1)
				}
			}
			close(root "/" file)
			if (!found || inside) {
				print page ": " file " has no whole excerpt " name >"/dev/stderr"
				exit 1
			}
		}
		/^<!-- excerpt: [^ ]+ [^ ]+ -->$/ {
			print
			print "```c"
			excerpt($3, $4)
			print "```"
			skip = 1
			count++
			next
		}
		skip { # the block that stood here
			if (/^```$/)
				skip = 0
			next
		}
		{ print }
		END { if (!count) { print page ": no excerpts" >"/dev/stderr"; exit 1 } }' "$page" >"$new" || exit 1
	if [ $update = 1 ]; then
		cat "$new" >"$page"
	elif ! diff -u "$page" "$new"; then
		echo "FAIL: $page does not quote the source; tools/excerpts.sh --update . $page" >&2
		status=1
	else
		echo "$page: $(grep -c '^<!-- excerpt: ' "$page") excerpts are as in the source"
	fi
done
exit $status

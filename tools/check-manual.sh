#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Three places never disagree: the headers, the manual and the version script. This holds them against
# each other, then builds and runs the programs in the manual's EXAMPLES.
#
# Headers:         errseq.h, wait.h and the macros of errseq_word.h, what stands behind #ifdef included. Each public function
#                  (names that end in _ are private) has a manual page, and so has each ERRSEQ_HAVE_...;
#                  each function, private ones too, is exported, for inlined code calls the private ones.
# Manual:          each name is on one page, with the header's prototype (argument names included,
#                  because the text refers to them; only whitespace may differ) and the header's .In;
#                  references lead somewhere; each EXAMPLES is one program of at most 30 lines, which
#                  compiles without a warning and returns 0 within a minute. Where a page's NAME has an
#                  ERRSEQ_HAVE_... that the compiler does not have, its program is skipped.
# Version script:  exports what the headers declare, and nothing else.
#
# Needs bash, awk, sed, grep and a C compiler; timeout and mandoc too, if they are there. Text is cut up
# with awk, not understood: the headers must stay as plain as they are, with one declaration to a
# semicolon.
#
# Returns 0 if all agree, 1 if not, 2 if it could not look.
set -eu
export LC_ALL=C

fail_to_start()
{
	echo "check-manual: $1" >&2
	exit 2
}

usage="usage: tools/check-manual.sh [--cc CC] SOURCE_DIR WORK_DIR"

cc=${CC:-cc}
if [ "${1-}" = --cc ]; then
	[ $# -ge 2 ] || fail_to_start "$usage"
	cc=$2
	shift 2
fi
[ $# -eq 2 ] || fail_to_start "$usage"
# A path may have blanks in it; anything else with blanks is a command with its arguments.
if command -v "$cc" >/dev/null; then
	cc_command=("$cc")
else
	read -r -a cc_command <<<"$cc"
	command -v "${cc_command[0]-}" >/dev/null || fail_to_start "no such compiler: $cc"
fi
[ -d "$1" ] || fail_to_start "no such directory: $1"
mkdir -p "$2"
source_dir=$(cd "$1" && pwd)
work_dir=$(cd "$2" && pwd)
cd "$source_dir"

headers="include/errseq/errseq.h include/errseq/errseq_word.h include/errseq/wait.h"
map=src/libErrseq.map
pages=$(ls docs/man/*.[37] 2>/dev/null || true)
[ -f "$map" ] || fail_to_start "no $map in $source_dir"
[ -n "$pages" ] || fail_to_start "no docs/man/*.[37] in $source_dir"

problems=$work_dir/problems.txt
: >"$problems"

# One form of each prototype, whatever its whitespace: "errseq_t *f(const errseq_t *a, int b)".
awk_prototype='
function trimmed(s)
{
	gsub(/[ \t\n]+/, " ", s)
	sub(/^ /, "", s)
	sub(/ $/, "", s)
	gsub(/ ?\* ?/, "*", s)
	gsub(/\*+/, " &", s)
	gsub(/\* +\*/, "**", s)
	return s
}
function prototype(returns, name, arguments,    n, parts, i, s)
{
	n = split(arguments, parts, ",")
	for (i = 1; i <= n; i++)
		s = s (i > 1 ? ", " : "") trimmed(parts[i])
	returns = trimmed(returns)
	return returns (returns ~ /\*$/ ? "" : " ") name "(" s ")"
}'

# Headers -> "name <tab> prototype <tab> header", and "name <tab> #define <tab> header" for macros.
: >"$work_dir/header.txt"
for header in $headers; do
	awk -v header="$header" "$awk_prototype"'
# Takes out every "word(...)" with its balanced parentheses, or "word" alone.
function without(s, word,    i, depth, c)
{
	while (match(s, word)) {
		i = RSTART + RLENGTH
		while (substr(s, i, 1) == " ")
			i++
		if (substr(s, i, 1) == "(") {
			do {
				c = substr(s, i++, 1)
				depth += (c == "(") - (c == ")")
			} while (depth > 0 && c != "")
		}
		s = substr(s, 1, RSTART - 1) " " substr(s, i)
	}
	return s
}
function declaration(s,    open, before, name)
{
	s = without(s, "__attribute__")
	s = without(s, "ERRSEQ_[A-Z0-9_]*_")
	gsub(/(^| )(extern|noexcept)( |$)/, " ", s)
	s = trimmed(s)
	open = index(s, "(")
	if (s ~ /^typedef / || open == 0 || s !~ /\)$/)
		return
	before = substr(s, 1, open - 1)
	if (!match(before, /[A-Za-z_][A-Za-z0-9_]*$/) || RSTART == 1)
		return
	name = substr(before, RSTART)
	print name "\t" prototype(substr(before, 1, RSTART - 1), name, \
				  substr(s, open + 1, length(s) - open - 1)) "\t" header
}
{
	while (sub(/\\$/, "") && (getline more) > 0)
		$0 = $0 " " more
	text = text $0 "\n"
}
END {
	while ((i = index(text, "/*")) > 0) {
		rest = substr(text, i + 2)
		j = index(rest, "*/")
		text = substr(text, 1, i - 1) " " (j > 0 ? substr(rest, j + 2) : "")
	}
	n = split(text, lines, "\n")
	for (i = 1; i <= n; i++) {
		if (lines[i] !~ /^[ \t]*#/) {
			code = code lines[i] " "
		} else if (lines[i] ~ /^[ \t]*#[ \t]*define[ \t]/) {
			sub(/^[ \t]*#[ \t]*define[ \t]+/, "", lines[i])
			match(lines[i], /^[A-Za-z0-9_]*/)
			print substr(lines[i], 1, RLENGTH) "\t#define\t" header
		}
	}
	gsub(/[ \t]+/, " ", code)
	depth = 0
	n = length(code)
	for (i = 1; i <= n; i++) {
		c = substr(code, i, 1)
		if (c == "{" && depth == 0 && s ~ /extern "C[+]*" *$/) {
			s = ""
		} else if (c == "{") {
			depth++
		} else if (c == "}" && depth == 0) {
			s = "" # of extern "C"
		} else if (c == "}") {
			if (--depth == 0) # a function has no semicolon behind its body, a struct has
				s = without(s, "__attribute__") ~ /(struct|union|enum)( +[A-Za-z0-9_]+)? *$/ ? "typedef " : ""
		} else if (c == ";" && depth == 0) {
			declaration(s)
			s = ""
		} else if (depth == 0) {
			s = s c
		}
	}
}' "$header" | sort -u >"$work_dir/one-header.txt"
	grep -q '^[^	]*	[^#]' "$work_dir/one-header.txt" || [[ $header = *_word.h ]] ||
		fail_to_start "found no function in $header; the awk program in this script needs mending"
	cat "$work_dir/one-header.txt" >>"$work_dir/header.txt"
done

# Manual -> "file:line <tab> kind <tab> name <tab> prototype or section", kind being name, include,
# prototype or reference.
: >"$work_dir/manual.txt"
for page in $pages; do
	awk -v page="$page" "$awk_prototype"'
function words(s,    word)
{
	n = 0
	gsub(/\\&/, "", s)
	gsub(/\\-/, "-", s)
	while (sub(/^[ \t]+/, "", s) || s != "") {
		if (s ~ /^"/) {
			s = substr(s, 2)
			match(s, /^[^"]*/)
			word[++n] = substr(s, 1, RLENGTH)
			s = substr(s, RLENGTH + 2)
		} else if (match(s, /^[^ \t]+/)) {
			word[++n] = substr(s, 1, RLENGTH)
			s = substr(s, RLENGTH + 1)
		}
	}
	split("", w)
	for (s = 1; s <= n; s++)
		w[s] = word[s]
}
function found(kind, name, what)
{
	print page ":" NR "\t" kind "\t" name "\t" what
}
function joined(from,    i, s)
{
	for (i = from; i <= n; i++)
		s = s (i > from ? ", " : "") w[i]
	return s
}
!/^\./ { next }
{ words(substr($0, 2)) }
w[1] == "Sh" {
	section = w[2]
}
w[1] == "Xr" && w[2] ~ /^errseq/ {
	found("reference", w[2], w[3])
}
section == "NAME" && w[1] == "Nm" {
	found("name", w[2], "")
}
section == "SYNOPSIS" && w[1] == "In" {
	found("include", "include/" w[2], "")
}
section == "SYNOPSIS" && w[1] == "Ft" {
	returns = w[2]
	for (i = 3; i <= n; i++)
		returns = returns " " w[i]
}
section == "SYNOPSIS" && page ~ /3$/ && w[1] == "Fn" {
	found("prototype", w[2], prototype(returns, w[2], joined(3)))
	returns = ""
}
section == "SYNOPSIS" && w[1] == "Fo" {
	name = w[2]
	arguments = ""
}
section == "SYNOPSIS" && w[1] == "Fa" {
	arguments = arguments (arguments != "" ? ", " : "") joined(2)
}
section == "SYNOPSIS" && w[1] == "Fc" {
	found("prototype", name, prototype(returns, name, arguments))
	returns = ""
}' "$page" >>"$work_dir/manual.txt"
done

# Version script -> "file:line <tab> name".
awk -v map="$map" -v problems="$problems" '
{
	gsub(/\/\*[^*]*\*\//, "")
	sub(/#.*/, "")
	gsub(/[ \t\r]+/, " ")
	gsub(/^ | $/, "")
}
$0 == "" { next }
/^[A-Za-z0-9_.]+ ?\{$/ { part = ""; next }
/^} ?[A-Za-z0-9_.]* ?;$/ { part = ""; next }
/^(global|local) ?:/ {
	part = $0
	sub(/ ?:.*/, "", part)
	sub(/^[a-z]+ ?: ?/, "")
	if ($0 == "")
		next
}
part == "local" && /^\* ?;$/ { hides = 1; next }
part == "global" && /^[A-Za-z_][A-Za-z0-9_]* ?;$/ {
	sub(/ ?;/, "")
	print map ":" NR "\t" $0
	next
}
{
	print map ":" NR ": cannot read \"" $0 "\": write one \"name;\" to a line after \"global:\", no patterns" >>problems
}
END {
	if (!hides)
		print map ": hides nothing: add \"local:\" and \"*;\", or every helper becomes ABI" >>problems
}' "$map" >"$work_dir/map.txt"

awk -F '\t' -v map="$map" '
function is_private(name) { return name ~ /_$/ }
function page_of(where) { sub(/:.*/, "", where); return where }

FILENAME ~ /header.txt$/ && $2 == "#define" { macro[$1] = 1; home[$1] = $3; next }
FILENAME ~ /header.txt$/ {
	if ($1 in declared)
		print $3 ": " $1 " is declared as \"" declared[$1] "\" and as \"" $2 "\" (in " home[$1] "): declare it once"
	declared[$1] = $2
	home[$1] = $3
	next
}
FILENAME ~ /map.txt$/ {
	if ($2 in exported)
		print $1 ": " $2 " is listed twice: remove one"
	exported[$2] = $1
	next
}
$2 == "name" {
	page = page_of($1)
	section = substr(page, length(page))
	if ((section, $3) in named)
		print $1 ": " $3 " has a .Nm in " named[section, $3] " already: keep one"
	else
		named[section, $3] = $1
}
$2 == "include" {
	includes[page_of($1), $3] = 1
	next
}
$2 == "prototype" {
	if ((page_of($1), $3) in shown)
		print $1 ": " $3 " is in the SYNOPSIS twice: remove one"
	shown[page_of($1), $3] = 1
	at[$1, $3] = $4
	next
}
$2 == "reference" {
	refers[$1, $3, $4] = 1
}
END {
	for (name in declared) {
		if (!is_private(name) && !(("3", name) in named))
			print home[name] ": " name " has no manual page: add \".Nm " name "\" to NAME of one docs/man/*.3, or end its name in _ if it is private"
		if (!(name in exported))
			print map ": " name " is declared in " home[name] ", but not exported: add \"" name ";\" under \"global:\""
	}
	for (name in macro)
		if (name ~ /^ERRSEQ_HAVE_/ && !is_private(name) && !(("3", name) in named))
			print home[name] ": " name " has no manual page: add \".Nm " name "\" to NAME of one docs/man/*.3"
	for (name in exported)
		if (!(name in declared))
			print exported[name] ": " name " is exported, but declared in no header: remove it, or declare it"
	for (key in named) {
		split(key, k, SUBSEP)
		name = k[2]
		where = named[key]
		if (k[1] != "3")
			continue
		if (is_private(name))
			print where ": " name " is private (it ends in _): remove its .Nm"
		else if (name in declared) {
			if (!((page_of(where), name) in shown))
				print where ": " name " has no .Fn or .Fo in SYNOPSIS: add \"" declared[name] "\""
		} else if (!(name in macro))
			print where ": " name " is in no header: remove its .Nm, or declare it"
	}
	for (key in at) {
		split(key, k, SUBSEP)
		name = k[2]
		if (!(("3", name) in named) || page_of(named["3", name]) != page_of(k[1]))
			print k[1] ": " name " is in SYNOPSIS, but not in NAME of this page: add \".Nm " name "\", or remove it"
		if (!(name in declared))
			print k[1] ": " name " is in SYNOPSIS, but in no header: remove it, or declare it"
		else {
			if (at[key] != declared[name])
				print k[1] ": " name " is \"" at[key] "\" here, but \"" declared[name] "\" in " home[name] ": make .Ft and .Fn (or .Fo and .Fa) say what the header says"
			if (!((page_of(k[1]), home[name]) in includes))
				print k[1] ": " name " is declared in " home[name] ", which this SYNOPSIS does not include: add \".In " substr(home[name], 9) "\""
		}
	}
	for (key in refers) {
		split(key, k, SUBSEP)
		if (!((k[3], k[2]) in named))
			print k[1] ": .Xr " k[2] " " k[3] " leads nowhere: no docs/man/*." k[3] " has that .Nm"
	}
}' "$work_dir/header.txt" "$work_dir/map.txt" "$work_dir/manual.txt" | sort -u >>"$problems"

# Which of ERRSEQ_HAVE_... this compiler has.
for header in $headers; do
	echo "#include <${header#include/}>"
done >"$work_dir/have.c"
"${cc_command[@]}" -std=c11 -I"$source_dir/include" -E -dM "$work_dir/have.c" >"$work_dir/have.txt" 2>"$work_dir/have.log" || {
	cat "$work_dir/have.log" >&2
	fail_to_start "the headers do not compile, see above"
}
limit=
! command -v timeout >/dev/null || limit="timeout 60"

# EXAMPLES -> a .c file, which compiles, and a program, which returns 0.
examples=0
for page in $pages; do
	name=$(basename "$page" | sed 's/\.\([37]\)$/-\1/')
	program=$work_dir/example-$name
	rm -f "$program" "$program.c"
	complaint=$(awk -v page="$page" -v out="$program.c" '
/^\.Sh/ { examples = /^\.Sh EXAMPLES/; next }
!examples { next }
/^\.Bd/ {
	if (!/^\.Bd -literal/)
		print page ":" NR ": .Bd in EXAMPLES is not .Bd -literal: make it so"
	blocks++
	inside = 1
	lines = 0
	if (blocks == 1)
		print "#line " NR + 1 " \"" page "\"" >out
	next
}
/^\.Ed/ {
	inside = 0
	if (lines > 30)
		print page ":" NR ": the EXAMPLES program has " lines " lines: shorten it to 30"
	next
}
!inside { next }
{
	lines++
	rest = $0
	line = ""
	if (rest ~ /^[.\047]/)
		print page ":" NR ": this line is a macro, not C: put \\& before it"
	while ((i = index(rest, "\\")) > 0) {
		line = line substr(rest, 1, i - 1)
		rest = substr(rest, i + 1)
		if (sub(/^e/, "", rest))
			line = line "\\"
		else if (sub(/^-/, "", rest))
			line = line "-"
		else if (sub(/^\(aq/, "", rest))
			line = line "\047"
		else if (!sub(/^&/, "", rest))
			print page ":" NR ": unknown escape \\" substr(rest, 1, 1) ": write a backslash as \\e, a minus as \\-, a quote as \\(aq"
	}
	print line rest >out
}
END {
	if (blocks != 1)
		print page ": EXAMPLES has " blocks + 0 " \".Bd -literal\" blocks: it must have exactly one"
}' "$page")
	if [ -n "$complaint" ]; then
		echo "$complaint" >>"$problems"
		continue
	fi
	missing=
	needed=$(sed -n '/^\.Sh NAME/,/^\.Sh [^N]/s/^\.Nm \(ERRSEQ_HAVE_[A-Z0-9_]*\).*/\1/p' "$page")
	for macro in $needed; do
		grep -q "^#define $macro " "$work_dir/have.txt" || missing=$macro
	done
	if [ -n "$missing" ]; then
		echo "SKIP (part): no $missing here, the EXAMPLES program of $page was not built"
		continue
	fi
	if ! "${cc_command[@]}" -std=c11 -Wall -Wextra -Werror -I"$source_dir/include" -o "$program" \
		"$program.c" "$source_dir/src/errseq.c" "$source_dir/src/wait.c" -pthread >"$program.log" 2>&1; then
		cat "$program.log" >&2
		echo "$page: the EXAMPLES program does not compile (its lines are those of the page, see the compiler's words above; it is in $program.c): mend the page" >>"$problems"
		continue
	fi
	status=0
	$limit "$program" >"$program.log" 2>&1 || status=$?
	if [ "$status" -ne 0 ]; then
		cat "$program.log" >&2
		echo "$page: the EXAMPLES program returned $status, not 0 (it is in $program.c): the page or the library is wrong" >>"$problems"
		continue
	fi
	examples=$((examples + 1))
done

if command -v mandoc >/dev/null; then
	# shellcheck disable=SC2086 # one word for each page; their names have no blanks
	mandoc -T lint -W warning $pages >"$work_dir/lint.log" 2>"$work_dir/lint-stderr.log" || {
		cat "$work_dir/lint-stderr.log" >&2
		sed 's/^mandoc: *//; s/$/: mend the page (mandoc -T lint)/' "$work_dir/lint.log" >>"$problems"
		[ -s "$work_dir/lint.log" ] || echo "docs/man: mandoc -T lint failed without a word: run it by hand" >>"$problems"
	}
else
	echo "SKIP (part): mandoc is not installed, the pages were not linted"
fi

if [ -s "$problems" ]; then
	cat "$problems" >&2
	echo "check-manual: $(grep -c '' "$problems") disagreement(s)" >&2
	exit 1
fi
echo "check-manual: $(grep -c '^[^	]*	[^#]' "$work_dir/header.txt") functions in 2 headers, $(grep -c '' <<<"$pages") pages and $examples examples agree"

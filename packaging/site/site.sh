#!/bin/bash
# SPDX-License-Identifier: MIT
# A static site of README, docs, manual and pictures, without scripts. usage: site.sh FOLDER [URL]
# With the URL where it will be, pages name it (rel=canonical), and there is a sitemap.
set -euo pipefail
if [ $# -lt 1 ] || [ $# -gt 2 ]; then
	echo "usage: packaging/site/site.sh FOLDER [URL]" >&2
	exit 2
fi
rm -rf "$1"
mkdir -p "$1"
site=$(cd "$1" && pwd) url=${2:-}
cd "$(dirname "$0")/../.."
. tests/common/check.sh
for tool in pandoc mandoc linkchecker; do
	have $tool || skip "no site: $tool is missing (Debian: apt-get install pandoc mandoc linkchecker)"
done
tools=packaging/site
cp $tools/style.css "$site"

# page SOURCE TARGET PANDOC-ARGUMENTS...
page() {
	local source=$1 target=$2 depth root=''
	shift 2
	mkdir -p "$(dirname "$site/$target")"
	depth=$(tr -cd / <<<"$target" | wc -c)
	for ((; depth > 0; depth--)); do
		root+=../
	done
	pandoc --template $tools/page.html --to html5 --variable "root=$root" \
		${url:+--variable "canonical=$url/$target"} "$@" "$source" --output "$site/$target"
	[ -z "$url" ] || echo "$url/$target" >>"$site/sitemap.txt"
}

mapfile -t pages < <(git ls-files '*.md' | grep -v '^packaging/abi/')
for source in "${pages[@]}"; do
	target=$(sed 's/README\.md$/index.html/; s/\.md$/.html/' <<<"$source")
	page "$source" "$target" --from gfm --lua-filter $tools/links.lua
done
cp -r --parents docs/pictures/*.svg docs/evidence/benchmarks/*.svg "$site"

# Sources that pages link to, as text.
grep -rhoE 'href="[^"#:]*\.txt"' "$site" --include='*.html' >/dev/null || fail "no page links to a source"
find "$site" -name '*.html' | while read -r html; do
	folder=$(dirname "${html#"$site"/}")
	{ grep -oP 'href="\K[^"#:]*(?=\.txt")' "$html" || true; } | while read -r path; do
		path=$(realpath --relative-to . --canonicalize-missing "$folder/$path")
		mkdir -p "$site/$(dirname "$path")"
		cp "$path" "$site/$path.txt"
	done
done

# The manual. mandoc links to a page of ours if it is there, else to Debian's.
mkdir "$site/man"
for manual in docs/man/*; do
	touch "$site/man/$(basename "$manual").html"
done
for manual in docs/man/*; do
	name=$(basename "$manual")
	(cd "$site/man" && mandoc -T html -O 'fragment,man=%N.%S.html;https://manpages.debian.org/%N.%S' "$OLDPWD/$manual") >"$site/fragment"
	page "$site/fragment" "man/$name.html" --from html \
		--metadata title="$(sed -n 's/^\.Dt \([A-Z0-9_]*\) \([0-9]\)$/\L\1(\2)/p' "$manual")" \
		--metadata description="$(sed -n 's/^\.Nd //p' "$manual")"
done
rm "$site/fragment"

linkchecker --no-status --no-warnings "$site/index.html" >"$site.links" 2>&1 || fail "links lead nowhere:
$(cat "$site.links")"
echo "$(find "$site" -name '*.html' | wc -l) pages in $site; $(grep -o '[0-9]* links' "$site.links" | tail -n 1) checked"

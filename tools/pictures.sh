#!/bin/bash
# SPDX-License-Identifier: MIT
# Draws docs/pictures/*.svg from the texts beside them, docs/pictures/*.dot. The build target `pictures` runs it.
# usage: tools/pictures.sh [SOURCE_DIR]
# Needs graphviz, and returns 77 without it. The graph's name becomes the picture's title, for those who cannot see it.
set -euo pipefail
source_dir=${1:-$(cd "$(dirname "$0")/.." && pwd)}
. "$source_dir/tests/common/check.sh"
have dot || skip "pictures: graphviz is not installed"

for text in "$source_dir"/docs/pictures/*.dot; do
	picture=${text%.dot}.svg
	# Comments, ids, groups, and the titles of nodes and edges go. A point becomes a pixel.
	dot -Tsvg "$text" | sed -E ':a; N; $!ba
		s/<!--[^>]*-->\n//g
		s/<!DOCTYPE[^>]*>\n//
		s/<g id="[^"]*" class="(node|edge)">\n<title>[^<]*<\/title>\n//g
		s/\n<\/g>(\n<\/g>)*/\n/g
		s/\n+/\n/g
		s/<g id="[^"]*" class="graph"/<g/
		s/"([0-9]+)pt"/"\1"/g
		s/"\n viewBox/" viewBox/
		s/ xmlns:xlink="[^"]*"//
		s/stroke="transparent"/stroke="none"/g
		s/<polyline[^>]*stroke="none"[^>]*>\n//g
		s/<svg/<svg role="img"/
		s/<\/svg>/<\/g>\n<\/svg>/' >"$picture"
	echo "$picture"
done

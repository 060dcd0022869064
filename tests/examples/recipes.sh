#!/bin/bash
# SPDX-License-Identifier: MIT
# Each recipe of docs/recipes.md is right, and its naive form loses what the page says. With --faults: a recipe that
# is changed a little must not be right any more.
# usage: recipes.sh SOURCE_DIR WORK_DIR RECIPE...
#        recipes.sh SOURCE_DIR WORK_DIR --faults CC
set -eu
source_dir=$1 work=$2
shift 2
. "$source_dir/tests/common/check.sh"
rm -rf "$work"
mkdir -p "$work"
cd "$work"

# Between tabs: the recipe; a line of it, or a part; what replaces that. Both are extended patterns of sed.
faults() {
	cat <<'EOT'
acknowledge	at = errseq_peek\(&store->errors\);	at = errseq_sample(\&store->errors);
acknowledge	\*repaired = at;	*repaired = errseq_peek(\&store->errors);
acknowledge	errseq_settle\(&store->errors, at\);	errseq_settle(\&store->errors, errseq_peek(\&store->errors));
delivered	if \(deliver\(.*\)	if (deliver(errseq_cursor_error(at)) > 0)
delivered	\*since = at;	;
delivered	errseq_settle\(word, at\);	;
delivered	errseq_settle\(word, at\);	errseq_settle(word, errseq_peek(word));
delivered	errseq_settle\(word, at\);	*since = errseq_peek(word);
window	before = errseq_peek	before = errseq_sample
window	before = errseq_peek	before = errseq_load
window	return errseq_check\(&file->errors, before\);	return errseq_check_and_advance(\&file->errors, \&before);
all_but_me	return errseq_cursor_error\(\*mine\);	return err;
all_but_me	\*mine = errseq_peek\(&word\);	*mine = errseq_load(\&word);
all_but_me	\*mine = errseq_peek\(&word\);	ERRSEQ_DISCARD(errseq_check_and_advance(\&word, mine));
failed_until_repaired	return errseq_check_shared	return errseq_check_and_advance_shared
failed_until_repaired	return err; /\* still	; /*
failed_until_repaired	repaired, from, at\)	repaired, from, errseq_peek(\&volume.errors))
failed_until_repaired	ERRSEQ_DISCARD\(errseq_shared_cursor_move\(&volume.repaired, from, at\)\);	errseq_shared_cursor_init(\&volume.repaired, at);
failed_until_repaired	return volume_flush\(\); /\* an	return 0; /*
verifier	at = errseq_peek	at = errseq_sample
verifier	at = errseq_peek	at = errseq_load
verifier	errseq_cursor_count\(at\) << 12	at
verifier	<< 12 \| error	<< 12
verifier	\(uint64_t\)boot << 32 \| err	(uint64_t)err
count	errseq_set\(&file->errors, err\);	;
count	atomic_fetch_add_explicit	(void)
count	compare_exchange_strong_explicit\(&file->first, &none	exchange_explicit(\&file->first, err, memory_order_relaxed); (void)(\&none
monitor	errseq_peek\(&monitored->errors\);	errseq_sample(\&monitored->errors);
monitor	errseq_peek\(&monitored->errors\);	errseq_load(\&monitored->errors);
monitor	monitored->position = next;	;
monitor	monitored->position = next;	errseq_settle(\&monitored->errors, monitored->position = next);
monitor	!atomic_load\(&monitored->ends\)	1
wait_any	errseq_set\(&files->bell, err\);	;
wait_any	ERRSEQ_DISCARD.*;	;
wait_any	errseq_set\(&files->errors\[which\], err\);	errseq_set(\&files->errors[0], err);
two_words	errseq_set\(&file->errors, err\);	;
two_words	errseq_set\(&file->filesystem->errors, err\);	;
two_words	on_filesystem, errseq_sample	on_filesystem, errseq_peek
two_words	on_filesystem, errseq_sample\(&file->filesystem->errors	on_filesystem, errseq_sample(\&file->errors
two_words	&handle->on_file\);	\&handle->on_filesystem);
loop	while \(read\(watch->event	while (0 \&\& read(watch->event
loop	errseq_set\(&watch->errors, err\);	;
loop	while \(write\(watch->event	while (0 \&\& write(watch->event
read_only	err && errseq_cursor_observed\(now\)	err
read_only	err && errseq_cursor_observed\(now\)	0
read_only	now = errseq_load	now = errseq_sample
restart	stored.identity == volume->identity	1
restart	return stored.since;	return errseq64_peek((errseq64_t *)\&volume->errors);
restart	return 0;	return errseq64_sample(\&volume->errors);
codes	-err < CODES	-err <= CODES
codes	names\[-err\]	names[-err - 1]
codes	snprintf\(file->message	snprintf((char[80]){ 0 }
migrate	since, errseq_sample\(&file->errors\)	since, errseq_load(\&file->errors)
migrate	errseq_check_and_advance_shared\(	errseq_check_shared(
EOT
}

if [ "${1:-}" != --faults ]; then
	for recipe; do
		"$recipe" >printed || fail "$recipe ended with $?:
$(cat printed)"
		grep -qE '^(naive|before)' printed || fail "$recipe shows no naive form:
$(cat printed)"
	done
	status=0
	"$1" 2>/dev/null >&- || status=$?
	[ $status = 1 ] || fail "$1 could not print, and ended with $status, not 1"
	echo "$# recipes are right, and their naive forms lose what docs/recipes.md says"
	exit 0
fi

cc=$2 count=0
cp "$source_dir/examples/recipes/recipe.h" .
while IFS='	' read -r recipe pattern replacement; do
	sed -E "/docs: ([^e]|e[^n])/,/docs: end/s~$pattern~$replacement~" "$source_dir/examples/recipes/$recipe.c" >broken.c
	! cmp -s broken.c "$source_dir/examples/recipes/$recipe.c" || fail "$recipe.c has no '$pattern'"
	must "$cc" -std=c11 -D_DEFAULT_SOURCE -I"$source_dir/include" broken.c "$source_dir/src/errseq.c" "$source_dir/src/wait.c" -o broken -pthread
	status=0
	timeout 5 ./broken >printed 2>&1 || status=$?
	[ $status != 0 ] || fail "$recipe, with '$replacement' for '$pattern', is still right:
$(cat printed)"
	count=$((count + 1))
done < <(faults)
echo "$count faults in recipes: each is noticed"

/* SPDX-License-Identifier: MIT */
/* Looking inside: the cursor's parts, and errseq_format. */
#include "../common/harness.h"
#include "../common/spec.h"
#include <inttypes.h>

#ifdef TEST_64
#define LAST_TEXT "errno=4095 reported observed count=1125899906842623"
#else
#define LAST_TEXT "errno=4095 reported observed count=262143"
#endif

TEST(accessors_take_any_value_apart)
{
	static const value_t flags[] = { NO_FLAG, REPORTED, OBSERVED, BOTH_FLAGS };
	unsigned i, j, k;

	for (i = 0; i < COUNT_OF(edge_counts); i++)
		for (j = 0; j < COUNT_OF(edge_errors); j++)
			for (k = 0; k < COUNT_OF(flags); k++) {
				errseq_cursor_t cursor =
					value_of(edge_counts[i], flags[k], edge_errors[j]);

				assert_int_equal(errseq_cursor_count(cursor), edge_counts[i]);
				assert_int_equal(errseq_cursor_error(cursor), -(int)edge_errors[j]);
				assert_int_equal(errseq_cursor_reported(cursor), k == 1 || k == 3);
				assert_int_equal(errseq_cursor_observed(cursor), k == 2 || k == 3);
			}
	assert_int_equal(errseq_cursor_error(0), 0);
	assert_int_equal(errseq_cursor_reported(0), 0);
	assert_int_equal(errseq_cursor_observed(0), 0);
	assert_int_equal(errseq_cursor_count(0), 0);
}

TEST(format_says_each_part)
{
	static const struct {
		value_t cursor;
		const char *text;
	} cases[] = {
		{ 0, "never set" },
		{ 5, "errno=5 count=0" },
		{ 3 << 14 | OBSERVED | 5, "errno=5 observed count=3" },
		{ 3 << 14 | BOTH_FLAGS | 5, "errno=5 reported observed count=3" },
		{ 10 << 14 | REPORTED | 10, "errno=10 reported count=10" },
		{ 99 << 14 | 100, "errno=100 count=99" },
		{ VALUE(LAST_COUNT, BOTH_FLAGS, 4095), LAST_TEXT },
		{ 1 << 14, "errno=0 count=1" },
	};
	char buf[ERRSEQ_FORMAT_SIZE];
	unsigned i;

	for (i = 0; i < COUNT_OF(cases); i++) {
		memset(buf, 'x', sizeof(buf));
		assert_int_equal(errseq_format(cases[i].cursor, buf, sizeof(buf)),
				 strlen(cases[i].text));
		assert_string_equal(buf, cases[i].text);
	}
}

TEST(format_agrees_with_snprintf_on_every_edge)
{
	char ours[ERRSEQ_FORMAT_SIZE], theirs[ERRSEQ_FORMAT_SIZE];
	unsigned i;

	for (i = 1; i < EDGE_WORDS; i++) {
		struct spec spec = spec_from(edge_word(i));
		int length = snprintf(theirs, sizeof(theirs), "errno=%d%s%s count=%" PRIu64,
				      spec.error, spec.reported ? " reported" : "",
				      spec.observed ? " observed" : "", (uint64_t)spec.count);

		assert_int_equal(errseq_format(edge_word(i), ours, sizeof(ours)), length);
		assert_string_equal(ours, theirs);
	}
}

/* snprintf's rules: never more than size bytes, a zero byte at the end, the whole length returned. */
TEST(format_cuts_to_the_size_it_is_given)
{
	const errseq_cursor_t cursor = value_of(12345, BOTH_FLAGS, 4095);
	const char whole[] = "errno=4095 reported observed count=12345";
	char buf[sizeof(whole) + 2];
	size_t size;

	for (size = 1; size < sizeof(buf); size++) {
		size_t kept = size - 1 < sizeof(whole) - 1 ? size - 1 : sizeof(whole) - 1;

		memset(buf, 'x', sizeof(buf));
		assert_int_equal(errseq_format(cursor, buf, size), sizeof(whole) - 1);
		assert_memory_equal(buf, whole, kept);
		assert_int_equal(buf[kept], '\0');
		assert_int_equal(buf[kept + 1], 'x');
	}
}

TEST(format_of_size_0_writes_nothing)
{
	char buf[3] = { 'x', 'x', 'x' };

	assert_int_equal(errseq_format(0, buf + 1, 0), 9);
	assert_memory_equal(buf, "xxx", 3);
	assert_int_equal(errseq_format(0, NULL, 0), 9);
}

int main(void)
{
	return run_all_tests();
}

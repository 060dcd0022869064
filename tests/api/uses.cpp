// SPDX-License-Identifier: MIT
// What only C++ users do, on top of uses.c, for tests/api/header.sh.
namespace storage {
int use();
}
#define USES_MORE storage::use()
#include "uses.c"

namespace storage {

template <typename A, typename B> struct Pair {
	static int second()
	{
		return -5;
	}
};

struct Other { // has a member of that name, and it is none of our business
	int errseq_set(int err)
	{
		return err;
	}
};

class File {
	mutable errseq_t word = ERRSEQ_INIT;

public:
	static constexpr int worst = -ERRSEQ_MAX_ERRNO;

	int fail(int err)
	{
		return errseq_set(&word, err);
	}
	template <int err> int fail_with()
	{
		return errseq_set(&word, err);
	}
	template <typename Error> int fail_as(Error err)
	{
		return errseq_set(&word, static_cast<int>(err));
	}
	errseq_cursor_t open() const noexcept
	{
		return ::errseq_sample(&word);
	}
	int fsync(errseq_cursor_t &cursor) const
	{
		static_assert(noexcept(errseq_check_and_advance(&word, &cursor)), "no call throws");
		return errseq_check_and_advance(&word, &cursor);
	}
};

int use()
{
	File file;
	errseq_cursor_t cursor = file.open();
	int (*set)(errseq_t *, int) = errseq_set;
	errseq_t word = ERRSEQ_INIT;
	auto in_lambda = [&word](int err) { return errseq_set(&word, err); };

	return errseq_set(&word, Pair<int, long>::second()) | // the preprocessor counts 3
	       Other().errseq_set(0) | file.fail(-5) | file.fail_with<-5>() | file.fail_as(File::worst) | in_lambda(-5) |
	       set(&word, -5) | (file.fsync(cursor) != File::worst);
}

}

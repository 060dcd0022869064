/* SPDX-License-Identifier: MIT */
/* The same for the header's other way to the word, the compilers' built-ins (C99 and C++). */
#pragma GCC system_header
#include "trace.h"

#define __atomic_load_n(object, order)                                                         \
	((__typeof__(*(object)))trace_load((const volatile void *)(object), sizeof(*(object)), \
					   order))
#define __atomic_thread_fence(order) trace_fence(order)

/* SPDX-License-Identifier: MIT */
#define ERRSEQ_NO_INLINE
#define CONTESTANT  contestant_errseq_static
#define NAME	    "errseq-static"
#define ABOUT	    "libErrseq, every call a call into the static library"
#define WIDTH(call) errseq_##call
#include "errseq.h"

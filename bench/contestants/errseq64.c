/* SPDX-License-Identifier: MIT */
#define CONTESTANT  contestant_errseq64
#define NAME	    "errseq64"
#define ABOUT	    "libErrseq, the 64-bit word, inline"
#define WIDTH(call) errseq64_##call
#include <errseq/errseq.h>
#ifdef ERRSEQ_HAVE_64
#include "errseq.h"
#endif

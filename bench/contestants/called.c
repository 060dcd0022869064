/* SPDX-License-Identifier: MIT */
#define ERRSEQ_NO_INLINE
#define CONTESTANT  contestant_errseq_called
#define NAME	    "errseq-called"
#define ABOUT	    "libErrseq, every call a call into the shared library"
#define WIDTH(call) errseq_##call
#include "errseq.h"

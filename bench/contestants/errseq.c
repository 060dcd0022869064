/* SPDX-License-Identifier: MIT */
#define CONTESTANT  contestant_errseq
#define NAME	    "errseq"
#define ABOUT	    "libErrseq as its users get it: fast paths inline, the rest in the static library"
#define WIDTH(call) errseq_##call
#include "errseq.h"

//go:build errseq_source

/* SPDX-License-Identifier: MIT */
/* See source_errseq.c. */
#include "../../src/wait.c"

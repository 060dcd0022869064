//go:build errseq_source

/* SPDX-License-Identifier: MIT */
/* With the build tag errseq_source, the C library is compiled from the tree that this folder lies in. */
#include "../../src/errseq.c"

/* SPDX-License-Identifier: MIT */
#ifndef WBFS_VIEW_H
#define WBFS_VIEW_H

#include "fs.h"

int view_check(struct view *view);
int view_check_strict(struct view *view);
bool view_is_strict(const struct view *view);

#endif

/* SPDX-License-Identifier: MIT */
#include "view.h"

int view_check(struct view *view)
{
	(void)view;
	return 0;
}

int view_check_strict(struct view *view)
{
	(void)view;
	return 0;
}

bool view_is_strict(const struct view *view)
{
	(void)view;
	return false;
}

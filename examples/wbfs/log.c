/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <syslog.h>

static atomic_bool in_background;

void log_to_syslog(void)
{
	openlog("wbfs", LOG_PID, LOG_DAEMON);
	/* relaxed: a line that another thread writes at this moment may go either way */
	atomic_store_explicit(&in_background, true, memory_order_relaxed);
}

void log_line(const char *format, ...)
{
	char line[2048];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (atomic_load_explicit(&in_background, memory_order_relaxed))
		syslog(LOG_ERR, "%s", line);
	else
		fprintf(stderr, "wbfs: %s\n", line);
}

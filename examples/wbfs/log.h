/* SPDX-License-Identifier: MIT */
/*
 * What the daemon has to say: a line on stderr, or in the system's log (syslog) once it is in the background.
 */
#ifndef WBFS_LOG_H
#define WBFS_LOG_H

void log_to_syslog(void); /* from now on */
__attribute__((format(printf, 1, 2))) void log_line(const char *format, ...);

#endif

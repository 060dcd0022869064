/* SPDX-License-Identifier: MIT */
#include "message.h"

#include <stdio.h>
#include <string.h>

static const char where[] = "where";

size_t request_format(const struct request *request, char message[MESSAGE_SIZE])
{
	int size;

	if (!request->is_view)
		return (size_t)snprintf(message, MESSAGE_SIZE, "%s", where) + 1;
	size = snprintf(message, MESSAGE_SIZE, "view%c%s%c%s%c%s", 0,
			request->strict ? "strict" : "", 0, request->at, 0,
			request->state ? request->state : "");
	return size > 0 && size < MESSAGE_SIZE ? (size_t)size + 1 : 0;
}

bool request_parse(struct request *request, const char *message, size_t size)
{
	enum {
		STRINGS = 4
	};
	const char *strings[STRINGS], *end = message + size;
	size_t count = 0;

	*request = (struct request){ 0 };
	if (size == 0 || end[-1] != 0)
		return false;
	for (; message < end; message += strlen(message) + 1) {
		if (count == STRINGS)
			return false;
		strings[count++] = message;
	}
	if (count == 1)
		return strcmp(strings[0], where) == 0;
	if (count != STRINGS || strcmp(strings[0], "view") != 0 ||
	    (*strings[1] && strcmp(strings[1], "strict") != 0) || *strings[2] != '/' ||
	    (*strings[3] && *strings[3] != '/') || strlen(strings[2]) >= PATH_MAX ||
	    strlen(strings[3]) >= PATH_MAX)
		return false;
	request->is_view = true;
	request->strict = *strings[1] != 0;
	request->at = strings[2];
	request->state = *strings[3] ? strings[3] : NULL;
	return true;
}

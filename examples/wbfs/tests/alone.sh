#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs a test in a mount namespace of its own, where there can be one: other tests make namespaces, too, and each takes
# a copy of every mount that it sees. Such a copy keeps a mount alive that was unmounted.
# usage: alone.sh COMMAND...
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
	exec unshare -m "$@"
fi
exec "$@"

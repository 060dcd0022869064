#!/bin/bash
# SPDX-License-Identifier: MIT
# No deadline means none, whatever the clock says: the tests of waiting in a time namespace 2.2 * 10^9 s ahead, which
# a 32-bit number of seconds cannot hold.
# usage: far_clock.sh SOURCE_DIR WORK_DIR UNIT_WAIT
set -eu
. "$1/tests/common/check.sh"
ahead=(unshare -T --monotonic 2200000000)
"${ahead[@]}" true 2>/dev/null || skip "no time namespace can be made here (unshare -T)"
must "${ahead[@]}" "$3"
echo "waiting works 2.2 * 10^9 s after boot"

# SPDX-License-Identifier: MIT
"""Plants the mistakes of docs/nbd-servers.md into the plugin, one by one. The named test must fail each time, and pass
on the plugin as it is.
usage: planted.py PLUGIN FAULTS SOURCE_DIR WORK_DIR CC"""
import os
import subprocess
import sys

FAULTS, ROOT, WORK, CC = (os.path.abspath(sys.argv[2]), *sys.argv[3:])
HERE = os.path.dirname(os.path.abspath(__file__))

RECORD = "\tif (err)\n\t\terrseq_set(&errors, err);\n"
CHECK = "err = errseq_check(&errors, before);\n\t}"
# name, the tests that must find it, and what is replaced in the source
PLANTED = (
    ("a failed write is not recorded", "reports each_connection_is_told_once", (RECORD, "")),
    ("it is recorded after the lock was released", "reports flush_waits_for_a_block", (RECORD, ""),
     ("\tpthread_cond_broadcast(&cleaned);\n", "\tpthread_cond_broadcast(&cleaned);\n\tpthread_mutex_unlock(&lock);\n"
      "\tusleep(2000);\n" + RECORD + "\tpthread_mutex_lock(&lock);\n")),
    ("one cursor for the export", "reports each_connection_is_told_once",
     ("*cursor = malloc(sizeof(*cursor));", "*cursor, one;\n\n\tcursor = &one;"), ("errseq_shared_cursor_t *cursor, one",
      "static errseq_shared_cursor_t one;\n\terrseq_shared_cursor_t *cursor"), ("\tfree(cursor);\n", "")),
    ("a plain cursor", "reports sixteen",
     ("return answer(\"flush\", errseq_check_and_advance_shared(&errors, cursor));",
      "errseq_cursor_t at = errseq_shared_cursor_get(cursor);\n\tint err = errseq_check_and_advance(&errors, &at);\n\n\tusleep(2000);\n"
      "\terrseq_shared_cursor_init(cursor, at);\n\treturn answer(\"flush\", err);")),
    ("open peeks", "reports waits_for_who_connects_next", ("errseq_sample(&errors));\n\t/*", "errseq_peek(&errors));\n\t/*")),
    ("close advances", "reports closing", ("int err = errseq_check_shared(", "int err = errseq_check_and_advance_shared(")),
    ("FUA advances", "reports fua_leaves", (CHECK, "err = errseq_check_and_advance_shared(&errors, cursor);\n\t}")),
    ("FUA checks with the connection's cursor", "reports earlier_failure",
     (CHECK, "err = errseq_check_shared(&errors, cursor);\n\t}")),
    ("FUA does not sync", "contents fua_writes", ("count, offset);\n\t\tsync_file();\n", "count, offset);\n")),
    ("FLUSH does not sync", "contents flush_writes_all", ("\tsync_file(); /* once these two return", "\t/*")),
    ("FLUSH does not wait for others", "reports write_that_hangs",
     ("block->number <= last)", "block->number <= last && !block->writing)")),
    ("fdatasync without a lock", "reports two_flushes_at_once", ("pthread_mutex_lock(&sync_lock)", "(void)sync_lock"),
     ("pthread_mutex_unlock(&sync_lock)", "(void)0"),
     ("\t\terrseq_set(&errors, -errno);", "\t\tusleep(2000), errseq_set(&errors, -EIO);")),
    ("a failed fdatasync is not recorded", "reports failed_sync_is_told_to_each", ("errseq_set(&errors, -errno)", "(void)0")),
    ("a failed zero is not returned", "reports failed_zero", ("answer(\"zero\", make_hole(mode, count, offset, flags))",
                                                             "(make_hole(mode, count, offset, flags), 0)")),
    ("a failed trim is not returned", "reports failed_zero", ("answer(\"trim\", err == -EOPNOTSUPP ? 0 : err)", "(err, 0)")),
    ("zero does not wait for older data", "contents zero_waits", ("\twrite_back(count, offset); /* or", "\t/*")),
    ("a block changes while it is written", "contents write_to_a_block", ("block && !block->writing && ", "block && ")),
    ("a read looks at the disk first", "contents read_of_a_block",
     ("\t\tpthread_mutex_lock(&lock);\n\t\tblock = find(",
      "\t\terr = move_all(buf, n, offset, false);\n\t\tpthread_mutex_lock(&lock);\n\t\tblock = find("),
     ("\t\tif (!is_dirty)\n\t\t\terr = move_all(buf, n, offset, false);\n", "")),
    ("a write returns an earlier error", "reports does_not_fail_for_an_earlier",
     ("\tif (!err && flags & NBDKIT_FLAG_FUA) {", "\tif (!err)\n\t\terr = errseq_check_shared(&errors, cursor);\n"
      "\tif (!err && flags & NBDKIT_FLAG_FUA) {")),
    ("errnos go out as they are", "reports errnos_that_nbd_lacks",
     ("err == -ENOSPC || err == -ENOMEM || err == -EOPNOTSUPP ? -err : EIO", "-err")),
    ("the flusher takes the error", "reports flusher_records",
     ("\t\twake.tv_sec += age;\n", "\t\twake.tv_sec += age;\n\t\terrseq_settle(&errors, errseq_peek(&errors));\n")),
)


def passes(plugin, test):
    file, name = test.split()
    return subprocess.run([sys.executable, "-B", f"{HERE}/{file}.py", plugin, FAULTS, "-k", name], timeout=300,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def main():
    os.makedirs(WORK, exist_ok=True)
    with open(ROOT + "/examples/nbdkit/writeback.c") as file:
        source = file.read()
    for name, test, *changes in (("nothing", "", ("", "")), *PLANTED):
        changed = source
        for old, new in changes:
            if old and changed.count(old) != 1:
                sys.exit(f"FAIL: '{name}': the source has changed, and holds this {changed.count(old)} times: {old}")
            changed = changed.replace(old, new) if old else changed
        with open(WORK + "/planted.c", "w") as file:
            file.write(changed)
        subprocess.run([CC, "-w", "-O2", "-fPIC", "-shared", "-std=gnu11", "-D_GNU_SOURCE", "-D_FILE_OFFSET_BITS=64", "-I",
                        ROOT + "/include", WORK + "/planted.c", ROOT + "/src/errseq.c", "-o", WORK + "/planted.so"],
                       check=True)
        if not test:
            for each in sorted({planted[1] for planted in PLANTED}):
                if not passes(WORK + "/planted.so", each):
                    sys.exit(f"FAIL: '{each}' fails without a fault")
        elif all(passes(WORK + "/planted.so", test) for _ in range(5)):  # some faults need a certain order of threads
            sys.exit(f"FAIL: '{name}' was planted, and '{test}' did not find it")
        else:
            print(f"found: {name}", flush=True)


main()

# SPDX-License-Identifier: MIT
"""How gdb shows the words and cursors of libErrseq: as errseq_format does, with the errno's name.

    (gdb) print file
    $1 = {word = errno=5 (EIO) reported observed count=3, cursor = at the beginning}
    (gdb) print/r file.cursor
    $2 = 0

gdb loads this by itself if it was installed where gdb looks ("show auto-load scripts-directory");
else: (gdb) source libErrseq-gdb.py

A plain cursor is known by the name of its type alone: one that is kept in a uint32_t stays a number.
Errnos have the names of the machine on which gdb runs.
"""


# All in a function, because gdb runs the scripts of all libraries in one namespace: they would overwrite each
# other's names.
def errseq_register():
    import errno

    import gdb
    import gdb.printing

    ERRNO = 0xFFF
    REPORTED = 1 << 12
    OBSERVED = 1 << 13
    COUNT_SHIFT = 14

    # By the name of the type (errseq_t and errseq_shared_cursor_t are typedefs of a struct): the member that
    # holds the number, if it is not the number itself, and how to say zero.
    kinds = {}
    for prefix in ("errseq", "errseq64"):
        kinds[prefix] = ("word_", "never set")
        kinds[prefix + "_cursor_t"] = (None, "at the beginning")
        kinds[prefix + "_shared_cursor"] = ("cursor_", "at the beginning")

    def kind_of(type_):
        """What kinds says of a type, or of what it is a typedef of, and so on down; qualifiers do not matter."""
        while type_.name not in kinds and type_.code == gdb.TYPE_CODE_TYPEDEF:
            type_ = type_.target()
        return kinds.get(type_.name)

    def text_of(number, zero):
        """As errseq_format writes it, but for a zero, and with the errno's name if it has one."""
        if number == 0:
            return zero
        err = number & ERRNO
        words = ["errno=%d" % err]
        if err in errno.errorcode:
            words.append("(%s)" % errno.errorcode[err])
        if number & REPORTED:
            words.append("reported")
        if number & OBSERVED:
            words.append("observed")
        words.append("count=%d" % (number >> COUNT_SHIFT))
        return " ".join(words)

    class Text:
        def __init__(self, text):
            self.text = text

        def to_string(self):
            return self.text

    class Printer(gdb.printing.PrettyPrinter):
        def __call__(self, value):
            # What cannot be read, or has our names but not our members, is gdb's to show.
            try:
                is_reference = value.type.code in (gdb.TYPE_CODE_REF, gdb.TYPE_CODE_RVALUE_REF)
                kind = kind_of(value.type.target() if is_reference else value.type)
                if kind is None:
                    return None
                if is_reference:
                    value = value.referenced_value()
                member, zero = kind
                return Text(text_of(int(value[member] if member else value), zero))
            except gdb.error:
                return None

    # One printer for everything, however often this is loaded: words also live in programs without the shared
    # library, and their layout is the same in all versions. gdb loads it anew at each "run"; who disabled it
    # wants it to stay so.
    printer = Printer("libErrseq")
    for other in gdb.pretty_printers:
        if getattr(other, "name", None) == printer.name:
            printer.enabled = other.enabled
    gdb.printing.register_pretty_printer(None, printer, replace=True)


errseq_register()

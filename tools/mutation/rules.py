# SPDX-License-Identifier: MIT
"""
What may be wrong in a C source, by rule: generates every mutant of the library's files.

The text is cut into tokens, not parsed. That is enough because the source is formatted by clang-format: a
binary operator has space on both sides and a unary one does not, so that the two are told apart without
knowing the types. A rule may make nonsense now and then; the compiler says so, and it is not counted.
Comments, #include, #error, #pragma and the version number are left alone.
"""
import re
from dataclasses import dataclass

MASKS = ["ERRSEQ_ERRNO_", "ERRSEQ_REPORTED_", "ERRSEQ_OBSERVED_", "ERRSEQ_FLAGS_", "ERRSEQ_STEP_"]
ORDERS = ["relaxed", "acquire", "release", "acq_rel", "seq_cst"]

# Each operator, and what is written in its place.
OPERATORS = {
    "==": ["!="], "!=": ["=="],
    "<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"],
    "&&": ["||"], "||": ["&&"],
    "&": ["|", "^"], "|": ["&", "^"],
    "+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"],
    "+=": ["-=", "="], "-=": ["+=", "="],
}
STEPS = {"++": "--", "--": "++"}

# Names that are easily taken for each other.
SIBLINGS = {
    "old": ["next"], "next": ["old"], "seen": ["at"], "at": ["seen"], "now": ["since"], "since": ["now"],
    "tv_sec": ["tv_nsec"], "tv_nsec": ["tv_sec"],
    "atomic_compare_exchange_weak_explicit": ["atomic_compare_exchange_strong_explicit"],
    "atomic_compare_exchange_strong_explicit": ["atomic_compare_exchange_weak_explicit"],
    "atomic_fetch_or_explicit": ["atomic_fetch_xor_explicit", "atomic_fetch_add_explicit",
                                 "atomic_exchange_explicit"],
    "cursor_reported": ["cursor_observed"], "cursor_observed": ["cursor_reported"],
    "WAIT_UNTIL": ["0", "(WAIT_UNTIL | 128)", "(WAIT_UNTIL | 256)"],  # relative, private, CLOCK_REALTIME
    "WAKE": ["(WAKE | 128)"],
    "ANY_BIT": ["0", "1"],
    "INT_MAX": ["1", "0"],
    "EINVAL": ["EAGAIN"], "EAGAIN": ["EINTR", "ETIMEDOUT"],
}
for mask in MASKS:
    SIBLINGS[mask] = [other for other in MASKS if other != mask]

PRECEDENCE = {"*": 9, "/": 9, "+": 8, "-": 8, "<<": 7, "<": 6, "<=": 6, ">": 6, ">=": 6, "==": 5, "!=": 5,
              "&": 4, "|": 3, "&&": 2, "||": 1}
BOUNDARIES = {",", ";", "?", ":", "=", "+=", "-=", "{", "}", "return", "else", "do"}
TYPES = {"int", "long", "char", "struct", "enum", "unsigned", "const", "static", "uint32_t", "uint64_t",
         "size_t", "errseq_t", "errseq_cursor_t", "typedef"}
KEYWORDS = {"if", "while", "for", "return", "sizeof", "defined", "_Static_assert", "_Alignof",
            "__attribute__", "_Alignas", "static_assert", "__extension__", "visibility", "diagnose_if"}

TOKEN = re.compile(r"""
    (?P<space>(?:\s|\\\n)+|/\*.*?\*/|//[^\n]*)
  | (?P<string>"(?:\\.|[^"\\])*")
  | (?P<char>'(?:\\.|[^'\\])*')
  | (?P<number>0[xX][0-9a-fA-F]+[uUlL]*|[0-9]+[uUlL]*)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<operator>\.\.\.|<<=|>>=|->|\+\+|--|<<|>>|[<>=!]=|&&|\|\||[-+*/%&|^]=|\#\#|[-+*/%&|^~!<>=?:;,.(){}\[\]\#])
""", re.VERBOSE | re.DOTALL)
SYMMETRIC = {"ERRSEQ_SAME_"}  # to swap its arguments is no fault


@dataclass
class Token:
    kind: str
    text: str
    start: int
    end: int
    spaced: bool = False  # space before and after
    directive: str = ""  # of the preprocessor's line that it stands in: define, if ...
    place: str = ""  # the function or macro
    inside: bool = False  # of a function's body


@dataclass
class Mutant:
    file: str
    place: str
    inside: bool
    kind: str
    start: int
    end: int
    text: str  # in place of start ... end
    line: int = 0
    before: str = ""
    after: str = ""
    identity: str = ""


def squeezed(text):
    return " ".join(re.sub(r"\\\n|/\*.*?\*/", " ", text, flags=re.DOTALL).split())


class Source:
    def __init__(self, file, text):
        self.file = file
        self.text = text
        self.tokens = []
        self.mutants = []
        self._cut()
        self._find_directives()
        self._find_places()
        self._match_brackets()

    def _cut(self):
        at = 0
        while at < len(self.text):
            found = TOKEN.match(self.text, at)
            if not found:
                raise ValueError(f"{self.file}: cannot read {self.text[at:at + 20]!r}")
            if found.lastgroup != "space":
                self.tokens.append(Token(found.lastgroup, found.group(), found.start(), found.end()))
            at = found.end()
        for token in self.tokens:
            token.spaced = (self.text[token.start - 1].isspace() and token.end < len(self.text)
                            and self.text[token.end].isspace())

    def _find_directives(self):
        """Marks the tokens of preprocessor lines; what must not be mutated gets no directive but 'skip'."""
        for found in re.finditer(r"^[ \t]*#(.*\\\n)*.*", self.text, re.MULTILINE):
            line = [t for t in self.tokens if found.start() <= t.start < found.end()]
            word = line[1].text if line[1].text in ("define", "if", "elif", "ifdef", "ifndef") else "skip"
            skipped = 2
            if word == "define":
                skipped = 3
                if len(line) > 3 and line[3].text == "(" and line[3].start == line[2].end:
                    skipped = next(k for k, t in enumerate(line) if t.text == ")") + 1
                if line[2].text.startswith("ERRSEQ_VERSION_"):
                    word = "skip"
            for k, t in enumerate(line):
                t.directive = word if k >= skipped else "skip"
                t.place = f"#{line[1].text} {line[2].text}" if word == "define" else f"#{line[1].text}"

    def _find_places(self):
        """The function each token stands in: a brace at the outermost level that follows a parameter list."""
        depth, name, is_function, began = 0, "", False, 0
        for i, token in enumerate(self.tokens):
            if token.directive:
                if not depth:
                    began = token.end
                continue
            if token.text == "{":
                if depth == 0 and self.tokens[i - 1].kind == "string":
                    continue  # extern "C"
                if depth == 0:
                    head = squeezed(self.text[began:token.start])
                    shared = re.search(r"ERRSEQ_\((\w+)\)\)?\(", head)
                    found = shared or re.search(r"(\w+)\s*\(", head)
                    name = ("errseq_" if shared else "") + (found[1] if found else head)
                    is_function = bool(found)
                depth += 1
            if depth:
                token.place, token.inside = name, is_function
            else:
                token.place = "declarations"
            depth -= token.text == "}"
            if depth == 0 and token.text in ("}", ";"):
                began = token.end

    def _match_brackets(self):
        self.partner = {}
        for wanted in (False, True):  # the preprocessor's lines apart
            stack = []
            for i, token in enumerate(self.tokens):
                if bool(token.directive) != wanted or token.kind != "operator":
                    continue
                if token.text in "([{":
                    stack.append(i)
                elif token.text in ")]}" and stack:
                    self.partner[i] = stack.pop()
                    self.partner[self.partner[i]] = i

    # ---- helpers

    def _add(self, kind, i, start, end, text):
        token = self.tokens[i]
        self.mutants.append(Mutant(self.file, token.place, token.inside, kind, start, end, text))

    def _same_line(self, i, j):
        """Whether two tokens may be parts of one expression."""
        return 0 <= j < len(self.tokens) and self.tokens[i].directive == self.tokens[j].directive and \
            self.tokens[j].directive != "skip" and (
                not self.tokens[i].directive or self.tokens[i].place == self.tokens[j].place)

    def _operand(self, i, step, stronger_than):
        """The index of the outermost token of the operand before (-1) or after (1) token i."""
        j = i + step
        last = i
        while self._same_line(i, j):
            token = self.tokens[j]
            if token.kind == "operator" and token.text in ("([{" if step > 0 else ")]}"):
                last = j = self.partner[j]
            elif token.text in BOUNDARIES or token.kind == "operator" and token.text in ")]}([{":
                break
            elif token.spaced and PRECEDENCE.get(token.text, 99) < stronger_than + (step > 0):
                break
            else:
                last = j
            j += step
        return last

    def _arguments(self, opening):
        """The (first, last) tokens of each item between a bracket and its partner."""
        items, first, j = [], opening + 1, opening + 1
        while j <= self.partner[opening]:
            if self.tokens[j].text in (",",) or j == self.partner[opening]:
                if j > first:
                    items.append((first, j - 1))
                first = j + 1
            elif self.tokens[j].kind == "operator" and self.tokens[j].text in "([{":
                j = self.partner[j]
            j += 1
        return items

    def _between(self, first, last):
        return self.text[self.tokens[first].start:self.tokens[last].end]

    # ---- rules

    def generate(self):
        for i, token in enumerate(self.tokens):
            if token.directive == "skip":
                continue
            if not (token.inside or token.directive or token.place.startswith("enum")):
                continue
            self._operators(i, token)
            self._constants(i, token)
            self._names(i, token)
            self._conditions(i, token)
            self._lists(i, token)
        self._directives()
        self._statements()
        self._attributes()
        return self._identified()

    def _operators(self, i, token):
        if token.kind != "operator":
            return
        if token.spaced and token.text in OPERATORS:
            for other in OPERATORS[token.text]:
                self._add("operator", i, token.start, token.end, other)
            if token.text in ("&&", "||", "&", "|", "+", "-", "*", "/"):
                left = self._operand(i, -1, PRECEDENCE[token.text])
                right = self._operand(i, 1, PRECEDENCE[token.text])
                if left != i and right != i:
                    self._add("operand dropped", i, self.tokens[left].start, self.tokens[i + 1].start, "")
                    self._add("operand dropped", i, self.tokens[i - 1].end, self.tokens[right].end, "")
        elif token.text in STEPS:
            self._add("operator", i, token.start, token.end, STEPS[token.text])
        elif token.text in ("!", "~", "-") and not token.spaced:
            self._add("operator", i, token.start, token.end, "")

    def _constants(self, i, token):
        if token.kind == "number":
            digits = re.match(r"0[xX][0-9a-fA-F]+|[0-9]+", token.text).group()
            suffix = token.text[len(digits):]
            value = int(digits, 0)
            if digits[:2].lower() == "0x":
                others = [f"0x{value ^ 1 << bit:0{len(digits) - 2}x}" for bit in range(4 * (len(digits) - 2))]
            else:
                others = [str(value + 1)] + ([str(value - 1)] if value else [])
            for other in others:
                self._add("constant", i, token.start, token.end, other + suffix)
        elif token.kind == "char":
            self._add("constant", i, token.start, token.end, "'1'")
        elif token.kind == "string" and token.text != '""':
            self._add("constant", i, token.start, token.end, '""')

    def _names(self, i, token):
        if token.kind != "name":
            return
        for other in SIBLINGS.get(token.text, []):
            kind = "mask" if token.text in MASKS else "name"
            kind = "weak or strong" if "compare_exchange" in token.text else kind
            self._add(kind, i, token.start, token.end, other)
        if token.text.startswith("memory_order_") and self.tokens[i + 1].text != "##":
            self._orders(i, token, "memory_order_", self._order_use(i))
        elif token.text.startswith("__ATOMIC_"):
            for other in ORDERS:
                if "__ATOMIC_" + other.upper() != token.text:
                    self._add("memory order", i, token.start, token.end, "__ATOMIC_" + other.upper())
        elif token.text in ORDERS and self.tokens[i + 1].text == ")":
            use = "load" if self.tokens[i - 1].text == "," else "fence"
            self._orders(i, token, "", use)

    def _order_use(self, i):
        """What the order is for: the name of the call, and for an exchange whether success or failure."""
        j = i
        while not (self.tokens[j].text == "(" and self.partner[j] > i):
            j -= 1
        call = self.tokens[j - 1].text
        if "compare_exchange" in call:
            return "failure" if self._arguments(j)[-1][0] == i else "success"
        return re.match(r"atomic_(?:thread_)?([a-z]+)", call).group(1)

    def _orders(self, i, token, prefix, use):
        meaningless = {"load": ("release", "acq_rel"), "failure": ("release", "acq_rel"),
                       "store": ("acquire", "acq_rel")}.get(use, ())
        for other in ORDERS:
            if prefix + other != token.text and other not in meaningless:
                self._add("memory order", i, token.start, token.end, prefix + other)

    def _force(self, i, first, last):
        for value in ("1", "0"):
            if self._between(first, last) != value:
                self._add("condition forced", i, self.tokens[first].start, self.tokens[last].end, value)

    def _conditions(self, i, token):
        if token.text in ("if", "while") and not token.directive:
            self._force(i, i + 2, self.partner[i + 1] - 1)
        elif token.text == "for":
            closing = self.partner[i + 1]
            parts = [j for j in range(i + 2, closing) if self.tokens[j].text == ";"]
            if parts[1] > parts[0] + 1:
                self._force(i, parts[0] + 1, parts[1] - 1)
        elif token.text == "?":
            self._force(i, self._operand(i, -1, 0), i - 1)

    def _lists(self, i, token):
        is_call = token.text == "(" and not token.spaced and i > 0 and (
            self.tokens[i - 1].kind == "name" and self.tokens[i - 1].text not in KEYWORDS or
            self.tokens[i - 1].text == ")" and self.tokens[self.partner[i - 1] - 1].text == "ERRSEQ_") and \
            self.tokens[i - 1].end == token.start
        is_list = token.text == "{" and self.tokens[i - 1].text == "="
        if not (is_call or is_list) or i not in self.partner or self.tokens[i - 1].text in SYMMETRIC:
            return
        items = self._arguments(i)
        for (a, b), (c, d) in zip(items, items[1:]):
            if self._between(a, b) != self._between(c, d):
                middle = self.text[self.tokens[b].end:self.tokens[c].start]
                self._add("arguments swapped", i, self.tokens[a].start, self.tokens[d].end,
                          self._between(c, d) + middle + self._between(a, b))

    def _directives(self):
        for i, token in enumerate(self.tokens):
            if token.text == "#" and self.tokens[i + 1].text in ("if", "elif", "ifdef", "ifndef"):
                last = i + 2
                while last + 1 < len(self.tokens) and self.tokens[last + 1].directive == self.tokens[i + 2].directive \
                        and self.tokens[last + 1].text != "#":
                    last += 1
                word = "elif" if self.tokens[i + 1].text == "elif" else "if"
                for value in ("1", "0"):
                    self._add("condition forced", i, token.start, self.tokens[last].end, f"#{word} {value}")

    def _statements(self):
        first = None
        i = 0
        while i < len(self.tokens):
            token = self.tokens[i]
            if not token.inside or token.directive:
                first = None
            elif token.text in ("{", "}", "do", "else"):
                first = i + 1
            elif token.text in ("if", "while", "for") and first == i:
                i = self.partner[i + 1]
                first = i + 1
            elif token.kind == "operator" and token.text in "([":
                i = self.partner[i]
            elif token.text == ";":
                if first is not None and first < i:
                    self._statement(first, i)
                first = i + 1
            i += 1

    def _statement(self, first, last):
        head = self.tokens[first]
        if head.text in TYPES or head.text == "ERRSEQ_" and self.tokens[first + 2].text.endswith("_t"):
            return  # a declaration
        self._add("statement deleted", first, head.start, self.tokens[last].start, "")
        if head.text == "return":
            value = self._between(first + 1, last - 1)
            for other in ("0", "1", f"({value}) + 1"):
                if other != value and (value, other) != ("0", "(0) + 1"):
                    self._add("return value", first, self.tokens[first + 1].start, self.tokens[last].start, other)

    def _attributes(self):
        for i, token in enumerate(self.tokens):
            if token.text in ("_Alignas", "__attribute__") and token.directive != "skip" and i + 1 in self.partner:
                self._add("attribute dropped", i, token.start, self.tokens[self.partner[i + 1]].end, "")

    def _identified(self):
        """Each mutant by its line before and after; what occurs twice is counted."""
        seen = {}
        different = []
        for mutant in sorted(self.mutants, key=lambda m: (m.start, m.end, m.text)):
            begin = self.text.rfind("\n", 0, mutant.start) + 1
            end = self.text.find("\n", mutant.end)
            mutant.line = self.text.count("\n", 0, mutant.start) + 1
            mutant.before = squeezed(self.text[begin:end])
            mutant.after = squeezed(self.text[begin:mutant.start] + mutant.text + self.text[mutant.end:end])
            places = seen.setdefault((mutant.place, mutant.before, mutant.after), [])
            if mutant.before == mutant.after or mutant.start in places:
                continue
            places.append(mutant.start)
            if len(places) > 1:
                mutant.place += f" ({len(places)})"
            mutant.identity = f"{self.file} {mutant.place}\n- {mutant.before}\n+ {mutant.after}"
            different.append(mutant)
        return different

    def mutated(self, mutant):
        return self.text[:mutant.start] + mutant.text + self.text[mutant.end:]

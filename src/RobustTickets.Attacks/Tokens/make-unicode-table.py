"""Writes the table of character properties that the tokenizer is pinned to (UnicodeTable.cs reads it).

    python3 make-unicode-table.py > unicode-table.txt

The properties come from the Unicode Character Database through Python's unicodedata, so the version is that of the Python that runs this
(3.11 -> 14.0.0). One record a line, all numbers hexadecimal, ranges inclusive:
    C a b      general category C* (control, format, surrogate, private use, unassigned)
    P a b      general category P* (punctuation)
    S a b      general category Zs (blank)
    N a b      general category Mn (accents)
    K a b k    canonical combining class k (not 0)
    L a b s t  lower case: a, a+s, a+2s, .., b become t, t+s, ..  (one code point each; U+0130 alone becomes two, see UnicodeTable.cs)
    D a c..    full canonical decomposition of a (Hangul syllables are left out: arithmetic)
"""
import unicodedata as u

LAST = 0x110000


def ranges(key, prefix, value):
    start, now = 0, value(0)
    for c in range(1, LAST + 1):
        v = value(c) if c < LAST else None
        if v != now:
            if now:
                print(f"{prefix} {start:x} {c - 1:x}" + (f" {now:x}" if key else ""))
            start, now = c, v


def category(c):
    return u.category(chr(c))


print("# Character properties, Unicode", u.unidata_version, "- written by make-unicode-table.py from the Unicode Character Database")
print("# (c) Unicode, Inc., https://www.unicode.org/license.txt")
print("U", u.unidata_version)
ranges(False, "C", lambda c: category(c)[0] == "C")
ranges(False, "P", lambda c: category(c)[0] == "P")
ranges(False, "S", lambda c: category(c) == "Zs")
ranges(False, "N", lambda c: category(c) == "Mn")
ranges(True, "K", lambda c: u.combining(chr(c)))

lower = [(c, ord(chr(c).lower())) for c in range(LAST) if chr(c).lower() != chr(c) and len(chr(c).lower()) == 1]
assert [c for c in range(LAST) if len(chr(c).lower()) > 1] == [0x130]
i = 0
while i < len(lower):
    (a, t), n, step = lower[i], 1, 1
    if i + 1 < len(lower) and lower[i + 1][0] - a in (1, 2) and lower[i + 1][1] - t == lower[i + 1][0] - a:
        step = lower[i + 1][0] - a
        while i + n < len(lower) and lower[i + n] == (a + n * step, t + n * step):
            n += 1
    print(f"L {a:x} {a + (n - 1) * step:x} {step:x} {t:x}")
    i += n

for c in range(LAST):
    d = u.normalize("NFD", chr(c)) if category(c) != "Cs" and not 0xAC00 <= c < 0xD7A4 else chr(c)
    if d != chr(c):
        print(f"D {c:x} " + " ".join(f"{ord(x):x}" for x in d))

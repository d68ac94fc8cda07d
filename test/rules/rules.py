#!/usr/bin/python3
# Part of ncc, under the Apache License 2.0. See LICENSE.
"""rules.py SOURCE_DIR: the project's rules that a machine can check. Prints every breach; fails if there is one."""
import os
import re
import statistics
import sys

root = sys.argv[1]
CODE = (".cpp", ".h", ".inl", ".c", ".hpp")
breaches = []


def files(*folders, endings=CODE):
    for folder in folders:
        for path, _, names in os.walk(os.path.join(root, folder)):
            if os.path.basename(path).startswith("build"):
                continue
            for name in sorted(names):
                if name.endswith(endings):
                    full = os.path.join(path, name)
                    yield os.path.relpath(full, root), open(full, encoding="utf-8").read()


def breach(path, what):
    breaches.append("%s: %s" % (path, what))


LIBRARIES = ("compiler", "dialects", "passes", "runtime")
ALL = LIBRARIES + ("tools", "test")

# Size: a file holds one idea.
lengths = []
for path, text in files(*ALL):
    lines = text.count("\n")
    if path.endswith(".cpp") and not path.startswith("test"):
        lengths.append(lines)
    if lines > 800:
        breach(path, "%d lines; the cap is 800" % lines)
for path, text in files(*LIBRARIES, endings=(".td",)):
    if text.count("\n") > 600:
        breach(path, "%d lines; the cap of a .td file is 600" % text.count("\n"))
if statistics.median(lengths) > 165:  # the aim is 150
    breach("*.cpp", "median of %d lines; the bound is 165" % statistics.median(lengths))

# Every file says under which licence it is.
for path, text in files(*ALL, endings=CODE + (".td",)):
    if "under the Apache License 2.0" not in "\n".join(text.split("\n")[:3]):
        breach(path, "no licence line at its top")

# Arrows: tools -> compiler -> passes -> dialects -> runtime/{hw,ops,isa}.
FORBIDDEN = {
    "runtime": r'"(mlir|llvm|dialects|passes|compiler|tools|google)/|<(mlir|llvm|google/protobuf)/',
    "dialects": r'"(passes|compiler|tools)/',
    "passes": r'"(compiler|tools)/',
    "compiler": r'"tools/',
}
for folder, pattern in FORBIDDEN.items():
    for path, text in files(folder):
        for line in re.findall(r"^\s*#\s*include\s+(.*)$", text, re.M):
            if re.match(pattern, line):
                breach(path, "includes %s" % line)

# Public headers need no MLIR.
for path, text in files("compiler/api", "runtime/api", endings=(".h", ".hpp")):
    if re.search(r'#\s*include\s+[<"](mlir|llvm)/', text):
        breach(path, "a public header includes MLIR")

# No global options in libraries.
for path, text in files(*LIBRARIES):
    if re.search(r"\bcl::opt\b", text):
        breach(path, "cl::opt in a library")

# Patterns are applied where a failure gets a reason.
for path, text in files("passes", endings=(".cpp",)):
    if re.search(r"\bapplyPatternsGreedily\b", text) and path != "passes/GreedyRewrite.cpp":
        breach(path, "calls applyPatternsGreedily; rewriteGreedily says why it fails")

# Every pass has a lit test of its name.
tests = {name for _, _, names in os.walk(os.path.join(root, "test")) for name in names}
flags = set()
for path, text in files("passes", endings=(".td",)):
    flags.update(re.findall(r'Pass<"ncc-([a-z0-9-]+)"', text))
for path, text in files("passes", endings=(".cpp",)):
    flags.update(re.findall(r'getArgument\(\) const final \{ return "ncc-([a-z0-9-]+)"', text))
for flag in sorted(flags - {"lower-graph"}):
    if flag + ".mlir" not in tests:
        breach("passes", "ncc-%s has no test %s.mlir" % (flag, flag))

# A chip's name belongs to the machine descriptions, to defaults and to help texts.
for path, text in files("dialects"):
    if re.search(r"\b(inf1|inf2|trn1|trn2)\b", text):
        breach(path, "names a chip")

print("\n".join(breaches) or "%d files, median %d lines, %d passes: all rules hold" % (len(lengths), statistics.median(lengths), len(flags)))
sys.exit(bool(breaches))

#!/usr/bin/env python3
"""Proves that each check catches what it is for, and lets good code pass: a check that cannot fail is worth nothing."""
import importlib.machinery
import importlib.util
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

TOOLS = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True


def load(name):
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), str(TOOLS / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


layers, style, docs, tests = load("check-layers"), load("check-style"), load("check-docs"), load("run-tests")

HEADER = "/* What it is. */\n#pragma once\n"
SOURCE = "/* What it is. */\n#include \"core/a.h\"\n"


class Tree(unittest.TestCase):
    """A small project in a temporary directory."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="hinomi-checks-")
        self.addCleanup(scratch.cleanup)
        self.root = pathlib.Path(scratch.name)
        self.write("tools/layers.txt", "library core:\nlibrary decode: core\nprocess cli: any\n")
        self.write("src/core/a.h", HEADER)
        self.write("src/decode/b.c", SOURCE)
        self.write("src/cli/main.c", SOURCE)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def caught(self, check, *words):
        """The check finds something, and its words say what."""
        found = "\n".join(check.problems(self.root))
        for word in words:
            self.assertIn(word, found)

    def clean(self, check):
        self.assertEqual([], list(check.problems(self.root)))


class Layers(Tree):
    def test_good_tree_passes(self):
        self.clean(layers)

    def test_forbidden_edge(self):
        self.write("src/core/c.c", '/* */\n#include "decode/b.h"\n')
        self.caught(layers, "core/ may not include decode/")

    def test_include_without_folder(self):
        self.write("src/core/c.c", '/* */\n#include "a.h"\n')
        self.caught(layers, "write it as")

    def test_missing_file(self):
        self.write("src/decode/c.c", '/* */\n#include "core/gone.h"\n')
        self.caught(layers, "no such file")

    def test_file_made_by_the_build_passes(self):
        self.write("src/decode/c.c", '/* */\n#include "core/made.h"\n')
        self.write("src/core/meson.build", "custom_target('made', output: 'made.h')\n")
        self.clean(layers)

    def test_cycle(self):
        self.write("tools/layers.txt", "library core: decode\nlibrary decode: core\nprocess cli: any\n")
        self.caught(layers, "includes itself")

    def test_unlisted_folder(self):
        self.write("src/rules/r.c", SOURCE)
        self.caught(layers, "src/rules: not in")

    def test_absent_folder(self):
        self.write("tools/layers.txt", "library core:\nlibrary decode: core\nprocess cli: any\nlibrary rules: core\n")
        self.caught(layers, "src/rules does not exist")

    def test_process_without_main(self):
        (self.root / "src/cli/main.c").rename(self.root / "src/cli/other.c")
        self.caught(layers, "a process has a main.c")

    def test_library_with_main(self):
        self.write("src/core/main.c", "/* */\n")
        self.caught(layers, "a process has a main.c")


class Style(Tree):
    def planted(self, text, *words, name="src/core/planted.c"):
        self.write(name, text)
        self.caught(style, *words)

    def body(self, statement):
        return f"/* Planted. */\nint f(void)\n{{\n\t{statement}\n\treturn 0;\n}}\n"

    def test_good_tree_passes(self):
        self.write("src/core/good.c", self.body("int64_t wait_timeout_ms = 1; uint8_t ttl = 1; (void)ttl; (void)wait_timeout_ms;"))
        self.write("src/core/table.c", "/* A table. */\nint t[] = {\n" + "\t1,\n" * 900 + "};\n")
        self.clean(style)

    def test_long_function(self):
        self.planted("/* Planted. */\nint f(void)\n{\n" + "\tx();\n" * 61 + "}\n", "a function of 61 lines")

    def test_long_function_with_its_reason(self):
        self.write("src/core/planted.c", "/* Planted. */\n\n/* Long because it is a table. */\nint f(void)\n{\n" + "\tx();\n" * 61 + "}\n")
        self.clean(style)

    def test_long_file(self):
        self.planted("/* Planted. */\n" + "int f(void);\n" * 801, "past 800")

    def test_long_test_file(self):
        self.write("src/core/planted_test.c", "/* Planted. */\n" + "int f(void);\n" * 1199)
        self.clean(style)
        self.planted("/* Planted. */\n" + "int f(void);\n" * 1200, "past 1200", name="src/core/planted_test.c")

    def test_forbidden_calls(self):
        for call in ("strcpy(a, b)", "sprintf(a, b)", "atoi(a)", "strtoul(a, 0, 10)", "rand()", "alloca(4)", "assert(x)", "system(a)"):
            self.planted(self.body(call + ";"), call.split("(")[0] + "() is not used here")

    def test_call_in_comment_or_string_passes(self):
        self.write("src/core/planted.c", "/* Planted. strcpy(a, b) */\nconst char *t = \"sprintf(a)\"; // atoi(a)\n")
        self.clean(style)

    def test_descriptor_without_cloexec(self):
        self.planted(self.body("int fd = open(path, O_RDONLY);"), "open() without CLOEXEC")
        self.planted(self.body("int fd = socket(AF_INET,\n\t\tSOCK_DGRAM, 0);"), "socket() without CLOEXEC")
        self.planted(self.body('FILE *file = fopen(path, "r");'), "without 'e'")

    def test_tests_may_start_programs(self):
        self.write("src/core/planted_test.c", self.body('FILE *file = popen(path, "r"); (void)file;'))
        self.clean(style)
        self.planted(self.body("strcpy(a, b);"), "strcpy() is not used here", name="src/core/planted_test.c")

    def test_descriptor_with_cloexec_passes(self):
        self.write("src/core/planted.c", self.body('int fd = open(path, O_RDONLY | O_CLOEXEC); FILE *file = fopen(path, "re");'))
        self.clean(style)

    def test_unit_missing(self):
        for declaration in ("int64_t timeout;", "uint32_t poll_interval = 1;", "size_t buffer_size;", "const uint64_t rate_max;",
                            "void f(int *ret_ttl_delay);"):
            self.planted(f"/* Planted. */\n{declaration}\n", "which unit?")

    def test_typedef_of_a_struct(self):
        self.planted("/* Planted. */\ntypedef struct x x;\n", "typedef is for function types")
        self.planted("/* Planted. */\ntypedef void x_t(int);\n", "belong to POSIX")
        self.planted("/* Planted. */\nstruct x_t {\n\tint a;\n};\n", "belong to POSIX")

    def test_function_type_passes(self):
        self.write("src/core/planted.c", "/* Planted. */\ntypedef void x_sink(void *arg, int value);\ntypedef int (*x_hook)(int);\n")
        self.clean(style)

    def test_enum_without_zero(self):
        self.planted("/* Planted. */\n#pragma once\nenum colour {\n\tCOLOUR_RED,\n\tCOLOUR_BLUE,\n};\n", "write the first value", name="src/core/p.h")

    def test_default_over_our_enum(self):
        enum = "enum colour {\n\tCOLOUR_NONE = 0,\n\tCOLOUR_RED,\n};\n"
        switch = "switch (c) {\n\tcase COLOUR_RED:\n\t\tbreak;\n\tdefault:\n\t\tbreak;\n\t}"
        self.planted("/* Planted. */\n" + enum + self.body(switch), "no default in a switch")

    def test_default_over_foreign_numbers_passes(self):
        self.write("src/core/planted.c", self.body("switch (c) {\n\tcase EAGAIN:\n\t\tbreak;\n\tdefault:\n\t\tbreak;\n\t}"))
        self.clean(style)

    def test_default_over_numbers_of_others_passes(self):
        self.write("src/core/planted.c", "/* Planted. */\nenum ip {\n\tIP_TCP = 6,\n\tIP_UDP = 17,\n};\n"
                   + self.body("switch (p) {\n\tcase IP_TCP:\n\t\tbreak;\n\tdefault:\n\t\tbreak;\n\t}"))
        self.clean(style)

    def test_goto_back(self):
        self.planted("/* Planted. */\nint f(void)\n{\nagain:\n\tx();\n\tgoto again;\n}\n", "goto goes back")

    def test_header_form(self):
        self.planted("/* Planted. */\nint x;\n", "#pragma once", name="src/core/p.h")
        self.planted("int x;\n", "opens with a comment")

    def test_limit_without_reason(self):
        self.planted(HEADER + "#define LIMIT_QUEUE_BYTES 1\n", "says why", name="src/core/limits.h")

    def test_unfinished_and_foreign_words(self):
        self.planted("/* Planted. " + "TO" + "DO: later */\n", "finish it")
        self.planted("Look in /" + "home/somebody/notes\n", "somebody's machine", name="notes.md")

    def test_layout(self):
        self.planted("/* Planted. */\nint x; \n", "blanks at the end")
        self.planted("/* Planted. */\nint x;", "no newline")
        self.planted("/* Planted. */\n/* " + "x" * 132 + " */\n", "longer than")
        self.planted("/* Planted. */\n", "names an operator knows", name="src/util/x.c")
        self.planted("/* Planted. */\n", "one level of folders", name="src/core/deep/x.c")


class Docs(Tree):
    def setUp(self):
        super().setUp()
        folders = "".join(f"| `{name}/` | x |\n" for name in ("core", "decode", "cli"))
        self.write("README.md", folders)
        self.write("ARCHITECTURE.md", folders)

    def test_good_tree_passes(self):
        self.clean(docs)

    def test_vector_without_a_row(self):
        self.write("src/detect/vector.h", HEADER + 'X(A_FLOOD, "a_flood")\nX(B_FLOOD, "b_flood")\n')
        self.write("doc/vectors.md", "| `a_flood` | x |\n| `c_flood` | x |\n")
        self.caught(docs, "b_flood of src/detect/vector.h is not explained", "c_flood is not in")

    def test_rule_member_without_a_row(self):
        self.write("src/record/rule_json.c", HEADER + '\t{"action", KIND_ACTION, 0},\n\t{"sources", KIND_SOURCES, 0},\n\t{"tcp_flags", KIND_TCP_FLAGS, 0},\n')
        self.write("src/record/rule_signature.c", HEADER + '\t[SIG_A] = {"sig_a", LOOK(1)},\n\t[SIG_B] = {"sig_b", LOOK(1)},\n')
        self.write("doc/rules.md", "`tcp_flags` in prose\n| `sources` | x |\n| `sig_b` | x |\n")
        self.caught(docs, "doc/rules.md: tcp_flags is not explained", "doc/rules.md: sig_a is not explained")

    def test_mail_rule_without_words(self):
        self.write("src/mail/judge_a.c", SOURCE + '\t{"rule_a", MAIL_PAYLOAD, 95, a, NULL,\n\t{"rule_b", MAIL_PHISHING, 60, b, NULL, "b"},\n')
        self.write("src/tower/mail_words.c", SOURCE + '\t{"rule_a", {"a", "a"}},\n\t{"rule_c",\n\t\t{"c", "c"}},\n')
        rule = {"enum": ["rule_a", "rule_d"]}
        self.write("schema/mail_finding.json", json.dumps({"properties": {"reasons": {"items": {"properties": {"rule": rule}}}}}))
        for folder in ("mail", "tower"):
            for document in ("README.md", "ARCHITECTURE.md"):
                self.write(document, (self.root / document).read_text() + f"| `{folder}/` | x |\n")
        self.caught(docs, "rule_b of src/mail/ has no words", "rule_c is no rule of src/mail/",
                    "schema/mail_finding.json: the rule rule_b of src/mail/ is missing", "schema/mail_finding.json: rule_d is no rule of src/mail/")

    def test_folder_without_a_line(self):
        self.write("src/rules/r.c", SOURCE)
        self.caught(docs, "README.md: no line for src/rules", "ARCHITECTURE.md: no line for src/rules")

    def test_key_without_an_explanation(self):
        self.write("src/sensor/config.c", '/* */\n\t{.name = "ring", x},\n\tRATE(host_pps, UNIT_PPS),\n\tTEXT(struct c, x, "user", set),\n\t{"capture", true, f},\n')
        self.write("doc/man/hinomi.conf.5.scd", "*ring* *capture*\n")
        self.write("doc/hinomi.conf.example", "capture x { ring = 1 }\n# host_pps\n")
        self.caught(docs, "5.scd: the key host_pps", "5.scd: the key user", "example: the key user")
        self.assertNotIn("key ring", "\n".join(docs.problems(self.root)))

    def test_option_without_an_explanation(self):
        self.write("src/cli/main.c", '/* --comment */\nconst char *u = "  --told N  --untold-one N";\n')
        self.write("doc/man/hinomi.1.scd", "*--told* _N_\n")
        self.assertEqual(["doc/man/hinomi.1.scd: --untold-one of src/cli/ is not explained"], list(docs.problems(self.root)))

    def test_dead_link(self):
        self.write("CONTRIBUTING.md", "[here](doc/gone.md)\n")
        self.caught(docs, "doc/gone.md does not exist")


class Compilers(Tree):
    """The checks that call compilers."""
    LEAK = """/* Planted. */
#include <stdlib.h>
int f(int a);
int f(int a)
{
\tchar *p = malloc(4);
\tif (p == NULL || a)
\t\treturn 1;
\tfree(p);
\tfree(p);
\treturn 0;
}
"""

    def ran(self, tool, *arguments):
        shutil.copy(TOOLS / tool, self.root / "tools")
        done = subprocess.run([self.root / "tools" / tool, *arguments], text=True, capture_output=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_header_that_needs_another(self):
        self.assertEqual(0, self.ran("check-headers", self.root)[0])
        self.write("src/core/b.h", HEADER + "uint8_t f(void);\n")
        code, output = self.ran("check-headers", self.root)
        self.assertIn("unknown type name", output)
        self.assertNotEqual(0, code)

    def test_documentation_of_another_parameter(self):
        self.write("src/core/b.h", HEADER + "/**\n * F.\n *\n * @param b what\n */\nvoid f(int a);\n")
        code, output = self.ran("check-headers", self.root)
        self.assertIn("parameter 'b' not found", output)
        self.assertNotEqual(0, code)

    def test_double_free(self):
        self.write("src/core/leak.c", self.LEAK)
        command = {"directory": str(self.root), "file": "src/core/leak.c", "command": "gcc -O2 -c -o leak.o src/core/leak.c"}
        self.write("compile_commands.json", json.dumps([command]))
        code, output = self.ran("analyze", "gcc", self.root)
        self.assertIn("analyzer-double-free", output)
        self.assertNotEqual(0, code)


class Counting(unittest.TestCase):
    """./test counts what ran, one by one."""
    CMOCKA = "[==========] 3 test(s) run.\n[  PASSED  ] 2 test(s).\n[  {0} ] 1 test(s), listed below:\n"

    def test_all_passed(self):
        self.assertEqual((3, 0, 0), tests.count_cmocka("[  PASSED  ] 3 test(s).\n", "OK"))

    def test_some_failed(self):
        self.assertEqual((2, 1, 0), tests.count_cmocka(self.CMOCKA.format(" FAILED "), "FAIL"))

    def test_some_skipped(self):
        self.assertEqual((2, 0, 1), tests.count_cmocka(self.CMOCKA.format("SKIPPED"), "OK"))

    def test_crash_is_a_failure(self):
        self.assertEqual((0, 1, 0), tests.count_cmocka("", "FAIL"))
        self.assertEqual((0, 1, 0), tests.count_cmocka("", "TIMEOUT"))

    def test_program_without_cmocka(self):
        self.assertEqual((1, 0, 0), tests.count_cmocka("fine\n", "OK"))

    def test_strict_tally_takes_a_skip_for_a_failure(self):
        for reason, failed in (("needs root", 1), ("no corpus of captures", 0)):
            tally = tests.Tally(strict=True)
            with unittest.mock.patch("builtins.print"):
                tally.add("x", 0, 0, 1, reason, 0.0)
            self.assertEqual((failed, 1 - failed), (tally.failed, tally.skipped))

    def test_strict_tally_excuses_what_another_build_ran(self):
        tally = tests.Tally(strict=True)
        with unittest.mock.patch("builtins.print"):
            tally.add("x", 3, 0, 1, "no seccomp here", 0.0, excused=True)
        self.assertEqual((3, 0, 1), (tally.passed, tally.failed, tally.skipped))


class Packages(unittest.TestCase):
    def test_every_line_has_a_section_and_a_reason(self):
        section = None
        for line in (TOOLS / "packages.txt").read_text().splitlines():
            if line.startswith("["):
                section = line
            elif line and not line.startswith("#"):
                self.assertIsNotNone(section, line)
                self.assertRegex(line, r"^[a-z0-9][a-z0-9.+-]+ (unless:[a-z/]+ )?# \S")

    def test_unknown_section_is_refused(self):
        done = subprocess.run([TOOLS / "install-packages", "no-such-section"], text=True, capture_output=True, check=False)
        self.assertEqual(2, done.returncode)
        self.assertIn("no section [no-such-section]", done.stderr)


if __name__ == "__main__":
    unittest.main()

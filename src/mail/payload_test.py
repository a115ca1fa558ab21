#!/usr/bin/env python3
"""payload_test.py PAYLOAD_SHOW ARCHIVE_MAKER: attachments made here, true, lying, hostile and broken, and what is seen in them.

Each test names what it proves; refusals are tested on both sides.
"""
import bz2
import gzip
import io
import json
import lzma
import os
import pathlib
import struct
import subprocess
import sys
import tarfile
import tempfile
import unittest
import warnings
import zipfile
import zlib

SHOW, MAKER = sys.argv.pop(1), sys.argv.pop(1)
CPU_MS_MAX = 8000  # of one look, on a slow machine and under sanitizers: the budget ends it, not the clock

PROGRAM = b"MZ" + bytes(58) + struct.pack("<I", 128) + bytes(64) + b"PE\0\0" + bytes(512)
LNK = bytes.fromhex("4c0000000114020000000000c000000000000046") + bytes(200)
PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n"
OLE = bytes.fromhex("d0cf11e0a1b11ae1")


def look(data, name="", declared=""):
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        done = subprocess.run([SHOW, file.name, name, declared], capture_output=True, timeout=60, check=True)
    facts = json.loads(done.stdout)
    assert facts["cpu_ms"] < CPU_MS_MAX, facts["cpu_ms"]
    return facts


def zipped(entries, method=zipfile.ZIP_DEFLATED):
    memory = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(memory, "w", method) as archive:
            for name, data in entries:
                archive.writestr(name, data)
    return memory.getvalue()


def encrypted_zip(name, data):
    """Traditional encryption, as far as a reader of the lists can tell: flag bit 0 in both headers, 12 bytes before the data."""
    plain = zipped([(name, bytes(12) + data)], zipfile.ZIP_STORED)
    local = bytearray(plain)
    local[6] |= 1
    central = plain.rindex(b"PK\x01\x02")
    local[central + 8] |= 1
    return bytes(local)


def compound(names, book=b""):
    """A compound file with these directory entries; a Workbook's stream begins at sector 2."""
    header = bytearray(512)
    header[0:8] = OLE
    struct.pack_into("<HHHH", header, 24, 0x3e, 3, 0xfffe, 9)
    struct.pack_into("<I", header, 44, 1)  # one sector of table
    struct.pack_into("<I", header, 48, 1)  # the directory is sector 1
    struct.pack_into("<109I", header, 76, 0, *[0xffffffff] * 108)
    sectors = max(1, (len(book) + 511) // 512)
    table = [0xfffffffd] + [0xfffffffe] + [3 + i if i + 1 < sectors else 0xfffffffe for i in range(sectors)]
    table += [0xffffffff] * (128 - len(table))
    directory = b""
    for name in names[:4]:
        encoded = name.encode("utf-16-le") + b"\0\0"
        entry = bytearray(encoded + bytes(128 - len(encoded)))
        struct.pack_into("<H", entry, 64, len(encoded))
        struct.pack_into("<I", entry, 116, 2)
        directory += bytes(entry)
    directory += bytes(512 - len(directory))
    return bytes(header) + struct.pack("<128I", *table) + directory + book.ljust(sectors * 512, b"\0")


def rar_number(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def rar_block(kind, flags, body, extra=b"", data=b""):
    flags |= (1 if extra else 0) | (2 if data else 0)
    header = rar_number(kind) + rar_number(flags) + (rar_number(len(extra)) if extra else b"") + (rar_number(len(data)) if data else b"")
    header += body + extra
    header = rar_number(len(header)) + header
    return struct.pack("<I", zlib.crc32(header)) + header + data


def rar(name, data, extra=b""):
    body = rar_number(4) + rar_number(len(data)) + rar_number(0o100644) + struct.pack("<I", zlib.crc32(data)) + rar_number(0) + rar_number(1)
    body += rar_number(len(name)) + name.encode()
    return b"Rar!\x1a\x07\x01\x00" + rar_block(1, 0, rar_number(0)) + rar_block(2, 0, body, extra, data) + rar_block(5, 0, rar_number(0))


def cabinet(name, data):
    """One file in one uncompressed folder ([MS-CAB])."""
    folder_at = 36
    file_at = folder_at + 8
    data_at = file_at + 16 + len(name) + 1
    whole = data_at + 8 + len(data)
    header = b"MSCF" + struct.pack("<IIIIIBBHHHHH", 0, whole, 0, file_at, 0, 3, 1, 1, 1, 0, 0, 0)
    folder = struct.pack("<IHH", data_at, 1, 0)
    entry = struct.pack("<IIHHHH", len(data), 0, 0, 0x5921, 0, 0x20) + name.encode() + b"\0"
    return header + folder + entry + struct.pack("<IHH", 0, len(data), len(data)) + data


def made(kind, name, data, *password):
    return subprocess.run([MAKER, kind, name, *password], input=data, capture_output=True, timeout=60, check=True).stdout


def iso(name, data):
    return made("iso9660", name, data)


def png(width, height, rows):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class TypesOfBytes(unittest.TestCase):
    def test_bytes_tell_and_names_do_not(self):
        for data, kind in [(PROGRAM, "program"), (LNK, "lnk"), (PDF, "pdf"), (b"{\\rtf1 x}", "rtf"), (b"\x7fELF" + bytes(60), "program"),
                           (b"ITSF" + bytes(60), "chm"), (b"vhdxfile" + bytes(60), "vhdx"), (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR", "calendar"),
                           (b"<!DOCTYPE html><p>", "html"), ("\ufeff<html>".encode("utf-16-le"), "html"), (b"hello", "text"), (b"", "empty"),
                           (b"\0\1\2\3", "unknown"), (zipped([("a.txt", b"a")]), "zip"), (gzip.compress(b"a"), "packed")]:
            self.assertEqual(look(data, "picture.png")["type"], kind)

    def test_a_lying_name_is_told_and_a_true_one_is_not(self):
        lie = "a name that does not fit its bytes"
        for data, name in [(PROGRAM, "a.pdf"), (LNK, "a.docx"), (zipped([("a", b"a")]), "a.png"), (b"<html>", "a.jpg")]:
            self.assertIn(lie, look(data, name)["traits"], name)
        for data, name in [(PROGRAM, "a.exe"), (PROGRAM, "a.dll"), (b"{\\rtf1}", "a.doc"), (zipped([("a", b"a")]), "a.docx"),
                           (b"\xff\xd8\xff", "a.png"), (b"a,b\n", "a.csv"), (b"\0\1\2\3", "a.pdf"), (PDF, "a.unknownending")]:
            self.assertNotIn(lie, look(data, name)["traits"], name)

    def test_a_lying_content_type_is_told_and_any_bytes_is_not(self):
        lie = "a Content-Type that does not fit its bytes"
        self.assertIn(lie, look(PROGRAM, "a.exe", "application/pdf")["traits"])
        self.assertIn(lie, look(zipped([("a", b"a")]), "a.zip", "image/PNG")["traits"])
        self.assertNotIn(lie, look(PROGRAM, "a.exe", "application/octet-stream")["traits"])
        self.assertNotIn(lie, look(PDF, "a.pdf", "APPLICATION/PDF")["traits"])

    def test_names_that_deceive(self):
        double, hides = "a name with a false ending before the true one", "a name that shows otherwise than it is"
        for name in ["report.docx.lnk", "a.pdf.exe", "a.xlsx .iso", "a.txt.js", "dir/a.doc.vbs", "a.pdf.exe. "]:
            self.assertIn(double, look(b"x", name)["traits"], name)
        for name in ["a.docx", "a.tar.gz", "v1.2.exe", "post.pdf_kopija.zip", "a.b.c.docx", "2024.10.01.pdf", ".docx", "x.docx.zip"]:
            self.assertNotIn(double, look(b"x", name)["traits"], name)
        for name in ["a\u202excod.exe", "a.pdf" + " " * 40 + ".exe", "a\u200b.pdf"]:
            self.assertIn(hides, look(b"x", name)["traits"], name)
        for name in ["資料 一覧.pdf", "a b c.pdf", "日本　太郎.docx", "カタカナ.xlsx"]:
            self.assertNotIn(hides, look(b"x", name)["traits"], name)


class Archives(unittest.TestCase):
    def test_a_shortcut_in_each_kind_of_archive_is_seen(self):
        name = "member.docx.lnk"
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w") as archive:
            info = tarfile.TarInfo(name)
            info.size = len(LNK)
            archive.addfile(info, io.BytesIO(LNK))
        for kind, data in [("zip", zipped([(name, LNK)])), ("tar", tar.getvalue()), ("packed", gzip.compress(tar.getvalue())),
                           ("packed", bz2.compress(tar.getvalue())), ("packed", lzma.compress(tar.getvalue())), ("rar", rar(name, LNK)),
                           ("cab", cabinet(name, LNK)), ("7z", made("7zip", name, LNK)), ("iso", iso(name, LNK)),
                           ("zip", zipped([("inner.zip", zipped([(name, LNK)]))])), ("zip", zipped([("a.iso", iso("a.lnk", LNK))]))]:
            facts = look(data)
            self.assertEqual(facts["type"], kind)
            self.assertIn("a shortcut that starts something else", facts["inside"], kind)
            self.assertIn("lnk", facts["types_inside"], kind)
            self.assertEqual(facts["unread"], [], kind)
        self.assertNotIn("a shortcut that starts something else", look(zipped([("a.docx", b"text")]))["inside"])

    def test_an_archive_in_an_archive_is_told_and_a_document_in_one_is_not(self):
        nested = "an archive in an archive"
        self.assertIn(nested, look(zipped([("i.zip", zipped([("a", b"a")]))]))["inside"])
        self.assertIn(nested, look(zipped([("i.iso", iso("a.txt", b"a"))]))["inside"])
        self.assertNotIn(nested, look(zipped([("a.txt", b"a")]))["inside"])

    def test_encryption_is_told_with_names_and_without(self):
        locked, hidden = "contents that need a password", "names that need a password"
        facts = look(encrypted_zip("member.docx.lnk", LNK))
        self.assertIn(locked, facts["traits"])
        self.assertNotIn(hidden, facts["traits"])
        self.assertIn("a shortcut that starts something else", facts["inside"])
        self.assertEqual(facts["unread"], ["an attachment needs a password"])
        self.assertNotIn("an archive whose two lists differ", facts["traits"])
        record = rar_number(1) + rar_number(0) + rar_number(0) + bytes(33)
        facts = look(rar("a.exe", b"x" * 16, rar_number(len(record)) + record))
        self.assertIn(locked, facts["traits"])
        self.assertNotIn(hidden, facts["traits"])
        facts = look(b"Rar!\x1a\x07\x01\x00" + rar_block(4, 0, rar_number(0) + rar_number(0) + bytes([15]) + bytes(16)) + bytes(64))
        self.assertIn(hidden, facts["traits"])
        facts = look(made("zip", "a.docx.lnk", LNK, "word"))
        self.assertIn(locked, facts["traits"])
        self.assertIn("a shortcut that starts something else", facts["inside"])
        self.assertNotIn(locked, look(rar("a.exe", PROGRAM))["traits"])
        self.assertNotIn(locked, look(zipped([("a", b"a")]))["traits"])

    def test_an_archive_whose_lists_differ_is_told(self):
        lies = "an archive whose two lists differ"
        good = zipped([("harmless.txt", b"a"), ("another.txt", b"b")])
        self.assertNotIn(lies, look(good)["traits"])
        self.assertIn(lies, look(good.replace(b"harmless.txt", b"program0.exe", 1))["traits"])  # the local header alone
        self.assertIn(lies, look(good[:-22] + good[-22:].replace(struct.pack("<HH", 2, 2), struct.pack("<HH", 1, 1)))["traits"])
        self.assertIn(lies, look(good[:-22])["traits"])  # no end
        self.assertNotIn(lies, look(PROGRAM + good, "a.exe")["traits"])

    def test_a_program_beside_its_library(self):
        self.assertIn("a program beside a library for it", look(zipped([("a.exe", PROGRAM), ("b.dll", PROGRAM)]))["traits"])
        self.assertNotIn("a program beside a library for it", look(zipped([("a.exe", PROGRAM), ("b.txt", b"b")]))["traits"])

    def test_a_name_that_lies_inside(self):
        self.assertIn("a name that does not fit its bytes", look(zipped([("a.pdf", PROGRAM)]))["inside"])
        self.assertIn("something that runs", look(zipped([("a.pdf", PROGRAM)]))["inside"])


class Bombs(unittest.TestCase):
    """Bounded work, and the reason told."""

    def test_much_from_little(self):
        bytes_word = "an attachment unpacks to more than the limit"
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w:gz") as archive:
            for name in "ab":
                info = tarfile.TarInfo(name)
                info.size = 100 << 20
                archive.addfile(info, io.BytesIO(bytes(info.size)))
        self.assertIn(bytes_word, look(tar.getvalue())["unread"])
        self.assertIn(bytes_word, look(gzip.compress(b"{\\rtf" + bytes(100 << 20)))["unread"])
        inner = zipped([(f"{i}", bytes(9 << 20)) for i in range(4)])
        facts = look(zipped([(f"{i}.zip", inner) for i in range(16)]))
        self.assertEqual(facts["unread"], [])  # nothing in there is worth more than its first bytes
        inner = zipped([(f"{i}.rtf", b"{\\rtf" + bytes(9 << 20)) for i in range(4)])
        self.assertIn(bytes_word, look(zipped([(f"{i}.zip", inner) for i in range(16)]))["unread"])
        self.assertEqual(look(gzip.compress(bytes(1 << 20)))["unread"], [])

    def test_deep(self):
        data = zipped([("a.txt", b"a")])
        for _ in range(4):
            data = zipped([("i.zip", data)])
        self.assertEqual(look(data)["unread"], [])
        for _ in range(60):
            data = zipped([("i.zip", data)])
        self.assertIn("an archive is nested deeper than the limit", look(data)["unread"])

    def test_quine(self):
        """An archive that holds itself unpacks for ever: gzip in gzip stands for it."""
        data = b"a"
        for _ in range(1000):
            data = gzip.compress(data)
        self.assertIn("an attachment is broken", look(data)["unread"])  # libarchive takes off 25 layers

    def test_many(self):
        word = "an archive has more entries than the limit"
        self.assertIn(word, look(zipped([(f"{i}", b"") for i in range(5000)], zipfile.ZIP_STORED))["unread"])
        self.assertEqual(look(zipped([(f"{i}", b"") for i in range(4000)], zipfile.ZIP_STORED))["unread"], [])

    def test_overlapping_entries(self):
        """Every entry of the directory points at one local header, as in the zip bomb that does not nest."""
        one = zipped([("a.rtf", b"{\\rtf" + bytes(6 << 20))])
        directory = one[one.index(b"PK\x01\x02"):-22]
        count = 2000
        body = one[:one.index(b"PK\x01\x02")] + directory * count
        end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, len(directory) * count, one.index(b"PK\x01\x02"), 0)
        self.assertIn("an archive whose two lists differ", look(body + end)["traits"])

    def test_pixels(self):
        word = "pictures have more pixels than the limit"
        self.assertIn(word, look(png(60000, 60000, bytes(100)))["unread"])
        self.assertEqual(look(png(64, 64, bytes(65 * 64)))["unread"], [])

    def test_broken(self):
        broken = "an attachment is broken"
        whole = zipped([("b", os.urandom(5000))])
        for data in [b"7z\xbc\xaf\x27\x1c" + bytes(range(1, 100)), b"\x1f\x8b\x08" + bytes(50), whole[:-60],
                     OLE + bytes(100), b"\x89PNG\r\n\x1a\n" + bytes(50), b"\xff\xd8\xff\xe0" + bytes(50), b"MSCF\0\0\0\0" + bytes(80)]:
            facts = look(data)
            self.assertTrue(broken in facts["unread"] or "an archive whose two lists differ" in facts["traits"], data[:8])

    def test_a_kind_that_is_not_read(self):
        self.assertEqual(look(b"ALZ\x01" + bytes(50))["unread"], ["an attachment is of a kind that is not read here"])


class Documents(unittest.TestCase):
    def test_macros(self):
        macros = "macros"
        parts = [("[Content_Types].xml", b"<?xml?>"), ("word/document.xml", b"<?xml?>")]
        facts = look(zipped(parts + [("word/vbaProject.bin", compound(["Root Entry", "VBA"]))]), "a.docm")
        self.assertEqual(facts["type"], "ooxml")
        self.assertIn(macros, facts["traits"])
        self.assertNotIn(macros, look(zipped(parts), "a.docx")["traits"])
        self.assertIn(macros, look(compound(["Root Entry", "_VBA_PROJECT_CUR", "VBA"]), "a.doc")["traits"])
        self.assertNotIn(macros, look(compound(["Root Entry", "WordDocument"]), "a.doc")["traits"])
        sheet = struct.pack("<HHIBBBB", 0x85, 8, 100, 0, 1, 1, 65) + b"a"
        self.assertIn(macros, look(compound(["Root Entry", "Workbook"], sheet), "a.xls")["traits"])
        sheet = struct.pack("<HHIBBBB", 0x85, 8, 100, 0, 0, 1, 65) + b"a"
        self.assertNotIn(macros, look(compound(["Root Entry", "Workbook"], sheet), "a.xls")["traits"])

    def test_locked_documents(self):
        locked = "contents that need a password"
        self.assertIn(locked, look(compound(["Root Entry", "EncryptedPackage", "EncryptionInfo"]), "a.docx")["traits"])
        self.assertNotIn("a name that does not fit its bytes", look(compound(["Root Entry", "EncryptedPackage"]), "a.docx")["traits"])
        self.assertNotIn(locked, look(compound(["Root Entry", "WordDocument"]), "a.doc")["traits"])

    def test_a_template_from_elsewhere_is_told_and_a_link_is_not(self):
        remote = "a document that loads a part of itself from elsewhere"
        relation = '<Relationship Id="r" Type="http://s/{}" Target="https://x.example/" TargetMode="External"/>'
        for kind, expected in [("attachedTemplate", True), ("oleObject", True), ("hyperlink", False)]:
            rels = ("<Relationships>" + relation.format(kind) + "</Relationships>").encode()
            facts = look(zipped([("[Content_Types].xml", b"<?xml?>"), ("word/_rels/settings.xml.rels", rels)]), "a.docx")
            self.assertEqual(remote in facts["traits"], expected, kind)

    def test_objects(self):
        word = "an embedded object"
        self.assertIn(word, look(compound(["Root Entry", "\x01Ole10Native"]), "a.doc")["traits"])
        self.assertIn(word, look(b"{\\rtf1{\\object\\objupdate{\\*\\objdata 01}}}")["traits"])
        self.assertNotIn(word, look(b"{\\rtf1 text}")["traits"])

    def test_onenote(self):
        guid = bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac")
        head = bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3") + bytes(500)

        def section(data):
            return head + guid + struct.pack("<QIQ", len(data), 0, 0) + data
        facts = look(section(LNK), "a.one")
        self.assertIn("an embedded object", facts["traits"])
        self.assertIn("a shortcut that starts something else", facts["inside"])
        self.assertIn("something that runs", look(section(b"<script>new ActiveXObject('x')</script>"), "a.one")["inside"])
        self.assertNotIn("an embedded object", look(section(png(8, 8, bytes(72))), "a.one")["traits"])

    def test_pdf(self):
        self.assertIn("a PDF that acts by itself", look(PDF + b"<</S /JavaScript /JS (x)>>")["traits"])
        self.assertNotIn("a PDF that acts by itself", look(PDF)["traits"])


class Disks(unittest.TestCase):
    def test_files_at_sectors(self):
        for kind, before in [("vhdx", b"vhdxfile".ljust(1 << 20, b"\0")), ("vhd", b"conectix".ljust(2048, b"\0")),
                             ("disk", (b"\xeb\x3c\x90" + bytes(507) + b"\x55\xaa").ljust(8192, b"\0"))]:
            facts = look(before + LNK.ljust(4096, b"\0") + PROGRAM)
            self.assertEqual(facts["type"], kind)
            self.assertIn("a disk image", facts["traits"])
            self.assertIn("a shortcut that starts something else", facts["inside"])
            self.assertIn("something that runs", facts["inside"])
            self.assertEqual(look(before + bytes(4096))["inside"], [])

    def test_a_name_in_the_table_of_ntfs(self):
        name = "a.docx.lnk".encode("utf-16-le")
        content = bytes(64) + bytes([len(name) // 2, 1]) + name
        attribute = struct.pack("<IIBBHHHIHBB", 0x30, 24 + len(content) + 6, 0, 0, 0, 0, 0, len(content), 24, 0, 0) + content + bytes(6)
        record = b"FILE" + bytes(16) + struct.pack("<H", 48) + bytes(26) + attribute + struct.pack("<I", 0xffffffff)
        facts = look((b"\xeb\x52\x90NTFS    " + bytes(499) + b"\x55\xaa") + record.ljust(1024, b"\0"), "a.img")
        self.assertIn("a name with a false ending before the true one", facts["inside"])
        self.assertIn("lnk", facts["types_inside"])


class Texts(unittest.TestCase):
    def test_html_that_makes_a_file_is_told_and_a_page_with_script_is_not(self):
        smuggles = "attached HTML that makes a file out of itself"
        for body in [b"<script>var b=new Blob([atob(x)]);a.href=URL.createObjectURL(b);a.download='a.zip'</script>",
                     b"<script>document.write(unescape('%3Ca'))</script>",
                     b"<script>var d='" + b"QUJD" * 2000 + b"';f(atob(d))</script>",
                     b"<a href='data:application/zip;base64,UEsD' download='a.zip'>x</a>"]:
            self.assertIn(smuggles, look(b"<html><body>" + body + b"</body></html>", "a.html")["traits"], body[:40])
        for body in [b"<script>window.print()</script>", b"<p>text</p>", b"<img src='data:image/png;base64," + b"QUJD" * 2000 + b"'>"]:
            self.assertNotIn(smuggles, look(b"<html><body>" + body + b"</body></html>", "a.html")["traits"], body[:40])
        self.assertIn("attached HTML that asks for a password", look(b"<html><input type=\"password\">", "a.html")["traits"])

    def test_marks_behind_a_mass_are_seen(self):
        data = b"<html><script>x='" + b"A" * (9 << 20) + b"';new Blob([atob(x)])</script>"
        self.assertIn("attached HTML that makes a file out of itself", look(data, "a.html")["traits"])

    def test_calendars_and_shortcuts_give_their_links(self):
        facts = look(b"BEGIN:VCALENDAR\r\nDESCRIPTION:see https://a.example/lo\r\n ng?x=1\r\nEND:VCALENDAR", "a.ics", "text/calendar")
        self.assertEqual(facts["link2"], "https://a.example/long?x=1")
        self.assertIn("a calendar entry with a link", facts["traits"])
        self.assertNotIn("a calendar entry with a link", look(b"BEGIN:VCALENDAR\r\nEND:VCALENDAR")["traits"])
        facts = look(b"[InternetShortcut]\r\nURL=https://b.example/\r\n", "a.url")
        self.assertEqual((facts["type"], facts["link3"]), ("shortcut", "https://b.example/"))


class Pictures(unittest.TestCase):
    def code(self, text):
        """A QR code as PNG and as JPEG."""
        picture = subprocess.run(["qrencode", "-s", "4", "-o", "-", text], capture_output=True, check=True).stdout
        rows = subprocess.run(["qrencode", "-t", "ASCII", "-o", "-", text], capture_output=True, check=True, text=True).stdout.splitlines()
        grey = b"".join((b"".join(b"\0\0" if row[i] == "#" else b"\xff\xff" for i in range(0, len(row), 2) for _ in range(2))) * 4 for row in rows)
        width = len(rows[0]) * 2
        jpeg = subprocess.run(["cjpeg"], input=b"P5 %d %d 255\n" % (width, len(rows) * 4) + grey, capture_output=True, check=True).stdout
        return picture, jpeg

    def test_a_link_in_a_qr_code_is_handed_on_and_text_in_one_is_not(self):
        for data in self.code("https://qr.example/a"):
            facts = look(data)
            self.assertIn("a QR code with a link", facts["traits"], facts)
            self.assertEqual((facts["link1"], facts["links"]), ("https://qr.example/a", 1))
        for data in self.code("just text"):
            facts = look(data)
            self.assertIn("a QR code", facts["traits"])
            self.assertNotIn("a QR code with a link", facts["traits"])
        self.assertEqual(look(png(64, 64, bytes(65 * 64)))["traits"], [])

    def test_a_code_inside_of_a_document_is_seen(self):
        picture, _ = self.code("https://qr.example/a")
        facts = look(zipped([("[Content_Types].xml", b"<?xml?>"), ("word/media/image1.png", picture)]))
        self.assertIn("a QR code with a link", facts["inside"])


class Fuzzy(unittest.TestCase):
    def test_every_cut_of_each_kind_ends_well(self):
        for data in [zipped([("a.txt", b"a")]), rar("a.lnk", LNK), cabinet("a.lnk", LNK), compound(["Root Entry", "Workbook"], bytes(600)),
                     b"{\\rtf1}", png(32, 32, bytes(33 * 32))]:
            for cut in range(1, len(data), max(1, len(data) // 12)):
                look(data[:cut])


if __name__ == "__main__":
    assert pathlib.Path(SHOW).exists()
    unittest.main(verbosity=1)

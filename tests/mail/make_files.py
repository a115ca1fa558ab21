"""Attachments for make_pairs: right in form, empty in effect.

No file here does anything when opened: shortcuts have no target, macro parts hold an empty storage, the programs have no
code, and the disk images hold one such file. What a scanner tells them by (magic numbers, flags, part names) is real.
"""
import base64
import struct
import zlib

# ---- archives


def crc_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = (n >> 1) ^ (0xEDB88320 if n & 1 else 0)
        table.append(n)
    return table


CRC = crc_table()


def zip_crypto(data, password, seed12):
    """APPNOTE.TXT section 6.1, the classic cipher."""
    keys = [0x12345678, 0x23456789, 0x34567890]

    def update(byte):
        keys[0] = (keys[0] >> 8) ^ CRC[(keys[0] ^ byte) & 255]
        keys[1] = ((keys[1] + (keys[0] & 255)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = (keys[2] >> 8) ^ CRC[(keys[2] ^ (keys[1] >> 24)) & 255]

    for byte in password:
        update(byte)
    out = bytearray()
    for byte in seed12 + data:
        low = (keys[2] | 2) & 0xFFFF
        out.append(byte ^ ((low * (low ^ 1)) >> 8) & 255)
        update(byte)
    return bytes(out)


def zip_of(members, rng, when, encrypt="", names="utf-8"):
    """members: [(name, bytes)]; encrypt: "", "classic" or "aes"; names: "utf-8" sets bit 11, "cp932" does not."""
    dos_time = when.hour << 11 | when.minute << 5 | when.second // 2
    dos_date = (when.year - 1980) << 9 | when.month << 5 | when.day
    out, central = bytearray(), bytearray()
    for name, data in members:
        flags, extra, need = 0, b"", 20
        raw = name.encode(names)
        if names == "utf-8" and not name.isascii():
            flags |= 0x800
        crc = zlib.crc32(data)
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = packer.compress(data) + packer.flush()
        method = 8
        if len(packed) >= len(data):
            method, packed = 0, data
        if encrypt == "classic":
            flags |= 1
            head = rng.randbytes(11) + bytes([crc >> 24])
            packed = zip_crypto(packed, b"%08d" % rng.randrange(10 ** 8), head)
        elif encrypt == "aes":
            flags |= 1
            extra = struct.pack("<HHH2sBH", 0x9901, 7, 2, b"AE", 3, method)
            method, need, crc = 99, 51, 0
            packed = rng.randbytes(16 + 2) + bytes(b ^ k for b, k in zip(packed, rng.randbytes(len(packed)))) + rng.randbytes(10)
        common = struct.pack("<HHHHHIIIHH", need, flags, method, dos_time, dos_date, crc, len(packed), len(data), len(raw),
                             len(extra))
        central += b"PK\1\2" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 32, len(out)) + raw + extra
        out += b"PK\3\4" + common + raw + extra + packed
    start = len(out)
    out += central + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(central), start, 0)
    return bytes(out)


# ---- office files


def words(rng, count):
    """Letters that do not compress to nothing, so that sizes differ as real ones do."""
    return " ".join("".join(rng.choice("aeioukstnhmyrw") for _ in range(rng.randint(3, 9))) for _ in range(count))


def empty_vba():
    """A compound file of three sectors: header, FAT, directory with Root Entry and an empty storage VBA."""
    head = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 0x1000, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0) + struct.pack("<I", 0)
    head += b"\xff" * (512 - len(head))
    fat = struct.pack("<II", 0xFFFFFFFD, 0xFFFFFFFE) + b"\xff" * 504

    def entry(name, kind, child):
        text = (name + "\0").encode("utf-16-le")
        body = text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text), kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child)
        return body.ljust(116, b"\0") + struct.pack("<II", 0xFFFFFFFE if kind == 5 else 0, 0) + bytes(4)

    return head + fat + entry("Root Entry", 5, 1) + entry("VBA", 1, 0xFFFFFFFF) + bytes(256)


def office(kind, rng, when):
    """docx, docm, xlsx, xlsm: the parts that a reader needs, and an empty vbaProject in the latter of each."""
    macro = kind[3] == "m"
    word = kind.startswith("doc")
    main = "word/document.xml" if word else "xl/workbook.xml"
    family = "wordprocessingml.document" if word else "spreadsheetml.sheet"
    short = "word.document" if word else "excel.sheet"
    main_type = (f"application/vnd.ms-{short}.macroEnabled.main+xml" if macro
                 else f"application/vnd.openxmlformats-officedocument.{family}.main+xml")
    schema = "http://schemas.openxmlformats.org/"
    types = (f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Types xmlns="{schema}package/2006/content-types">'
             '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
             '<Default Extension="xml" ContentType="application/xml"/>'
             + ('<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/>' if macro else "")
             + f'<Override PartName="/{main}" ContentType="{main_type}"/></Types>')
    rels = (f'<Relationships xmlns="{schema}package/2006/relationships"><Relationship Id="rId1" '
            f'Type="{schema}officeDocument/2006/relationships/officeDocument" Target="{main}"/></Relationships>')
    text = words(rng, rng.randint(120, 900))
    if word:
        space = f'xmlns:w="{schema}wordprocessingml/2006/main"'
        body = f"<w:document {space}><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>"
    else:
        body = f'<workbook xmlns="{schema}spreadsheetml/2006/main"><sheets/><!-- {text} --></workbook>'
    parts = [("[Content_Types].xml", types.encode()), ("_rels/.rels", rels.encode()), (main, body.encode())]
    if macro:
        folder = main.split("/")[0]
        link = (f'<Relationships xmlns="{schema}package/2006/relationships"><Relationship Id="rId1" '
                'Type="http://schemas.microsoft.com/office/2006/relationships/vbaProject" Target="vbaProject.bin"/>'
                '</Relationships>')
        parts += [(f"{folder}/_rels/{main.split('/')[1]}.rels", link.encode()), (f"{folder}/vbaProject.bin", empty_vba())]
    return zip_of(parts, rng, when)


def pdf(rng):
    text = words(rng, rng.randint(100, 1500)).encode()
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
               b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<<>>>>"]
    stream = zlib.compress(b"% " + text + b"\n")
    objects.append(b"<</Filter/FlateDecode/Length %d>>stream\n" % len(stream) + stream + b"\nendstream")
    out, places = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), []
    for number, data in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + data + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + b"".join(b"%010d 00000 n \n" % p for p in places)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def one(rng, armed):
    """A OneNote section: header GUID, then one FileDataStoreObject; armed: a script that is only a comment, else a picture."""
    inside = b"' nothing is done here\r\n" if armed else picture(rng, 40, 30)
    title = ("annex.vbs" if armed else "picture.png").encode("utf-16-le")
    head = bytes.fromhex("E4525C7B8CD8A74DAEB15378D02996D3") + rng.randbytes(16) + bytes.fromhex("3FDD9A101B91F549A5D01791EDC8AED8")
    head = head.ljust(1024, b"\0") + rng.randbytes(600) + title + bytes(2)
    store = bytes.fromhex("E716E3BD65261145A4C48D4D0B7A9EAC") + struct.pack("<QIQ", len(inside), 0, 0) + inside
    store += bytes(-len(inside) % 8) + bytes.fromhex("22A7FB71790F0B4ABB13899256426B24")
    return head + store + rng.randbytes(900)


# ---- pictures


def png(width, height, rows, color=0):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    raw = b"".join(b"\0" + bytes(row) for row in rows)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b""))


def picture(rng, width, height):
    rows = [[(x * 3 + y * 2 + rng.randrange(24)) & 255 for x in range(width)] for y in range(height)]
    return png(width, height, rows)


def qr(text):
    """QR code, version 5, level L, byte mode, mask 0 (ISO/IEC 18004): up to 106 bytes."""
    size, data_words, ec_words = 37, 108, 26
    data = text.encode()
    assert len(data) <= 106
    bits = "0100" + f"{len(data):08b}" + "".join(f"{b:08b}" for b in data) + "0000"
    bits += "0" * (-len(bits) % 8)
    code = [int(bits[i:i + 8], 2) for i in range(0, len(bits), 8)]
    code = (code + [0xEC, 0x11] * 60)[:data_words]
    exp, log = [0] * 512, [0] * 256
    value = 1
    for i in range(255):
        exp[i] = exp[i + 255] = value
        log[value] = i
        value = (value << 1) ^ (0x11D if value & 128 else 0)
    generator = [1]
    for i in range(ec_words):
        longer = generator + [0]
        for j, g in enumerate(generator):
            if g:
                longer[j + 1] ^= exp[log[g] + i]
        generator = longer
    rest = code + [0] * ec_words
    for i in range(data_words):
        factor = rest[i]
        for j, g in enumerate(generator):
            if g and factor:
                rest[i + j] ^= exp[log[g] + log[factor]]
    stream = "".join(f"{b:08b}" for b in code + rest[data_words:])
    grid = [[None] * size for _ in range(size)]

    def square(row, column, radius, dark):
        for y in range(-radius, radius + 1):
            for x in range(-radius, radius + 1):
                if 0 <= row + y < size and 0 <= column + x < size:
                    grid[row + y][column + x] = int(max(abs(x), abs(y)) in dark)

    for row, column in ((3, 3), (3, size - 4), (size - 4, 3)):
        square(row, column, 4, (0, 1, 3))
    square(30, 30, 2, (0, 2))
    for i in range(8, size - 8):
        grid[6][i] = grid[i][6] = int(i % 2 == 0)
    form = 0b01000 << 10
    remainder = form
    for i in range(14, 9, -1):
        if remainder >> i & 1:
            remainder ^= 0b10100110111 << (i - 10)
    form = (form | remainder) ^ 0b101010000010010
    near = [(8, 0), (8, 1), (8, 2), (8, 3), (8, 4), (8, 5), (8, 7), (8, 8), (7, 8), (5, 8), (4, 8), (3, 8), (2, 8), (1, 8), (0, 8)]
    far = [(size - 1 - i, 8) for i in range(7)] + [(8, size - 8 + i) for i in range(8)]
    for i in range(15):
        for row, column in (near[i], far[i]):
            grid[row][column] = form >> (14 - i) & 1
    grid[size - 8][8] = 1
    place, upward = 0, True
    for right in (c for c in range(size - 1, 0, -2)):
        right -= right <= 6
        for row in range(size - 1, -1, -1) if upward else range(size):
            for column in (right, right - 1):
                if grid[row][column] is None:
                    bit = int(stream[place]) if place < len(stream) else 0
                    grid[row][column] = bit ^ int((row + column) % 2 == 0)
                    place += 1
        upward = not upward
    scale, margin = 5, 4
    full = (size + 2 * margin) * scale
    rows = []
    for y in range(full):
        row, line = y // scale - margin, []
        for x in range(full):
            column = x // scale - margin
            dark = 0 <= row < size and 0 <= column < size and grid[row][column]
            line.append(0 if dark else 255)
        rows.append(line)
    return png(full, full, rows)


# ---- things that run, without anything to run


def lnk():
    return struct.pack("<I", 0x4C) + bytes.fromhex("0114020000000000C000000000000046") + struct.pack("<I", 0x80) + bytes(36) \
        + struct.pack("<I", 1) + bytes(12)


def exe():
    return b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, 0, 0, 0, 0, 0, 0x22)


def wsb():
    return b"<Configuration>\r\n  <Networking>Disable</Networking>\r\n</Configuration>\r\n"


def iso(name, data):
    """ISO 9660 with the root directory and the file in the unused system area, which keeps the image at 18 sectors."""
    def both(fmt, value):
        return struct.pack("<" + fmt, value) + struct.pack(">" + fmt, value)

    def record(ident, sector, size, flags):
        body = bytes([0]) + both("I", sector) + both("I", size) + bytes([125, 3, 2, 1, 0, 0, 36, flags, 0, 0]) + both("H", 1)
        body += bytes([len(ident)]) + ident + bytes(1 - len(ident) % 2)
        return bytes([len(body) + 1]) + body

    short = name.encode("ascii", "replace").replace(b"?", b"_").upper() + b";1"
    folder = record(b"\0", 2, 2048, 2) + record(b"\1", 2, 2048, 2) + record(short, 3, len(data), 0)
    table = bytes([1, 0]) + struct.pack("<I", 2) + struct.pack("<H", 1) + b"\0\0"
    pvd = b"\1CD001\1\0" + b" " * 32 + b"DOCUMENTS".ljust(32) + bytes(8) + both("I", 18) + bytes(32) + both("H", 1) * 2
    pvd += both("H", 2048) + both("I", len(table)) + struct.pack("<II", 1, 0) + struct.pack(">II", 1, 0) + record(b"\0", 2, 2048, 2)
    pvd = pvd.ljust(881, b" ") + b"\1\0"
    sectors = [b"", table, folder, data] + [b""] * 12 + [pvd, b"\xffCD001\1"]
    return b"".join(s.ljust(2048, b"\0") for s in sectors)


def vhd(name, data, rng):
    """A fixed VHD: a FAT12 volume of 32 sectors with one file under a long name, then the footer."""
    boot = b"\xeb\x3c\x90MSDOS5.0" + struct.pack("<HBHBHHBHHHII", 512, 1, 1, 1, 16, 32, 0xF8, 1, 32, 2, 0, 0)
    boot += bytes([0x80, 0, 0x29]) + rng.randbytes(4) + b"DOCUMENTS  FAT12   "
    boot = boot.ljust(510, b"\0") + b"\x55\xaa"
    fat = (b"\xf8\xff\xff\xff\x0f").ljust(512, b"\0")
    short = b"DOCUME~1" + name.rsplit(".", 1)[1].upper().encode().ljust(3)[:3]
    total = 0
    for byte in short:
        total = ((total >> 1) | (total & 1) << 7) + byte & 255
    units = list(struct.unpack("<%dH" % len(name), name.encode("utf-16-le"))) + [0]
    units += [0xFFFF] * (-len(units) % 13)
    folder = b""
    for i in range(len(units) // 13, 0, -1):
        u = [struct.pack("<H", x) for x in units[(i - 1) * 13:i * 13]]
        order = i | (0x40 if i == len(units) // 13 else 0)
        folder += bytes([order]) + b"".join(u[:5]) + b"\x0f\0" + bytes([total]) + b"".join(u[5:11]) + b"\0\0" + b"".join(u[11:])
    folder += short + bytes([0x20]) + bytes(14) + struct.pack("<HI", 2, len(data))
    disk = (boot + fat + folder.ljust(512, b"\0") + data).ljust(32 * 512, b"\0")
    foot = b"conectix" + struct.pack(">IIQI4sI4sQQHBBI", 2, 0x10000, 0xFFFFFFFFFFFFFFFF, 0x2F000000, b"win ", 0x60001, b"Wi2k",
                                     len(disk), len(disk), 1, 2, 16, 2)
    unique = rng.randbytes(16) + bytes(1)
    plain = foot + bytes(4) + unique
    foot += struct.pack(">I", ~sum(plain) & 0xFFFFFFFF) + unique
    return disk + foot.ljust(512, b"\0")


def smuggle(name, inside):
    """A page that would build a file in the browser: the file is a zip with an empty shortcut."""
    blob = base64.b64encode(inside).decode()
    return ('<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>' + name + '</title></head>\n<body><p>' + name
            + '</p>\n<script>\n'
            f'var d = "{blob}";\n'
            'var s = atob(d), n = s.length, b = new Uint8Array(n);\nwhile (n--) b[n] = s.charCodeAt(n);\n'
            'var f = new Blob([b], {type: "application/octet-stream"});\nvar a = document.createElement("a");\n'
            f'a.href = URL.createObjectURL(f); a.download = "{name}";\n'
            'document.body.appendChild(a); a.click();\n</script></body></html>\n').encode()


# ---- by name

TYPES = {
    "zip": "application/zip", "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docm": "application/vnd.ms-word.document.macroEnabled.12", "xlsm": "application/vnd.ms-excel.sheet.macroEnabled.12",
    "pdf": "application/pdf", "png": "image/png", "html": "text/html", "one": "application/onenote",
         "iso": "application/x-iso9660-image",
    "vhd": "application/octet-stream", "ics": "application/ics",
}


def content(name, rng, when):
    """The bytes of a file by its extension."""
    kind = name.rsplit(".", 1)[1].lower()
    if kind in ("docx", "docm", "xlsx", "xlsm"):
        return office(kind, rng, when)
    if kind == "iso":
        return iso("DOCUMENT.LNK", lnk())
    if kind == "vhd":
        return vhd(name[:-4] + ".docx.lnk", lnk(), rng)
    if kind == "png":
        return picture(rng, rng.randint(60, 140), rng.randint(50, 120))
    makers = {"pdf": lambda: pdf(rng), "lnk": lnk, "exe": exe, "wsb": wsb}
    return makers[kind]() if kind in makers else words(rng, rng.randint(80, 600)).encode()


def attachment(order, rng, when):
    """order: "ezip NAME: MEMBER, ..." and the like, as in the tables; returns (name, type, bytes, inline)."""
    kind, rest = order.split(" ", 1)
    name, _, inner = rest.partition(": ")
    inner = [m.strip() for m in inner.split(",")] if inner else []
    kind_type = TYPES.get(name.rsplit(".", 1)[-1].lower(), "application/octet-stream")
    if kind in ("zip", "ezip"):
        members = [(m, content(m, rng, when)) for m in inner]
        cipher = "" if kind == "zip" else rng.choice(("classic", "classic", "classic", "aes"))
        names = "cp932" if rng.random() < 0.5 else "utf-8"
        return name, kind_type, zip_of(members, rng, when, cipher, names)
    if kind == "smuggle":
        inside = zip_of([(inner[0][:-4] + ".docx.lnk", lnk())], rng, when)
        return name, kind_type, smuggle(inner[0], inside)
    if kind == "qr":
        url = rest.partition(": ")[2].replace("{id}",
                                              "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789")
                                                              for _ in range(28)))
        return name, "image/png", qr(url)
    if kind in ("one", "one!"):
        return name, kind_type, one(rng, kind == "one!")
    if kind == "iso":
        return name, kind_type, iso(inner[0], lnk())
    if kind == "vhd":
        return name, kind_type, vhd(inner[0], lnk(), rng)
    return name, kind_type, content(name, rng, when)

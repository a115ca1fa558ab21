"""Mails for make_pairs, built as the mail programs and services of 2024 to 2026 build them.

A mailer is ROUTE/CLIENT. The route (google, ms, own) decides the trace, DKIM and service headers; the client decides the
order of the author's headers, the form of the Message-ID, the parts, charsets and transfer encodings. The same account has
the same addresses, zone and settings in every mail, unless the caller says otherwise. Signatures of DKIM and ARC are
well-formed and worth nothing: the mail server's own Authentication-Results says what the scene is meant to be.
"""
import base64
import datetime
import hashlib
import html as html_escape
import quopri
import random
import re
import textwrap

STAFF_DOMAIN, MX, STORE = "example.jp", "mx.example.jp", "mbox.example.jp"
ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
LINE = 76


def stable(*parts):
    """A generator of random numbers that depends on its arguments alone."""
    return random.Random(hashlib.sha256("|".join(map(str, parts)).encode()).digest())


def token(rng, length, letters=ALNUM):
    return "".join(rng.choice(letters) for _ in range(length))


def hexa(rng, length):
    return token(rng, length, "0123456789abcdef")


def blob(rng, length):
    return base64.b64encode(rng.randbytes(length)).decode()


def domain_of(address):
    return address.rsplit("@", 1)[1]


def address_ip(*parts):
    rng = stable("ip", *parts)
    return rng.choice(("198.51.100.", "203.0.113.")) + str(rng.randint(2, 250))


def rfc_date(when, zone):
    sign = -1 if zone[0] == "-" else 1
    offset = datetime.timedelta(hours=int(zone[1:3]), minutes=int(zone[3:])) * sign
    local = when + offset
    return f"{local:%a}, {local.day} {local:%b %Y %H:%M:%S} {zone}"


def pacific(when):
    return "-0700" if 3 < when.month < 11 else "-0800"

# ---- header text


def encoded(text, charset):
    """RFC 2047 words, or the text itself where it is ASCII."""
    if text.isascii():
        return text
    size = 1 if charset == "utf-8" else 2
    if sum(c.isascii() for c in text) > len(text) * 0.7 and charset == "utf-8":
        raw = "".join("_" if b == 32 else chr(b) if chr(b).isalnum() and b < 128 else f"={b:02X}" for b in text.encode())
        return f"=?UTF-8?Q?{raw}?="
    out, chunk = [], ""
    for char in text:
        if len((chunk + char).encode(charset if charset != "shift_jis" else "cp932")) > (42 if size == 1 else 36):
            out.append(chunk)
            chunk = ""
        chunk += char
    out.append(chunk)
    name = {"utf-8": "UTF-8", "iso-2022-jp": "iso-2022-jp", "shift_jis": "Shift_JIS"}[charset]
    codec = "cp932" if charset == "shift_jis" else charset
    return "\n ".join(f"=?{name}?B?{base64.b64encode(c.encode(codec)).decode()}?=" for c in out if c)


def mailbox(name, address, charset, quote=True):
    if not name:
        return address
    if name.isascii() and (quote or re.search(r"[^\w .-]", name) or "." in name):
        name = f'"{name}"' if re.search(r"[^\w -]", name) or quote else name
    return f"{encoded(name, charset)} <{address}>"


def file_parameters(name, charset, style):
    """How a client writes a file name: (parameters of Content-Type, parameters of Content-Disposition)."""
    if name.isascii():
        return f'; name="{name}"', f'; filename="{name}"'
    codec = "cp932" if charset == "shift_jis" else charset
    word = encoded(name, charset).replace("\n", "")
    percent = charset + "''" + "".join(chr(b) if chr(b).isalnum() and b < 128 or b in b".-_" else f"%{b:02X}"
                                       for b in name.encode(codec))
    if style == "word":
        return f';\n name="{word}"', f';\n filename="{word}"'
    if style == "both":
        return f';\n name="{word}"', f";\n filename*={percent}"
    return f";\n name*={percent}", f";\n filename*={percent}"

# ---- parts


def transfer(text, charset, way):
    """(encoding's name, body) of a text."""
    raw = text.encode("cp932" if charset == "shift_jis" else charset)
    if way == "auto":
        way = "7bit" if max(raw, default=0) < 128 else "8bit"
    if way == "base64":
        return way, base64.encodebytes(raw)
    if way == "quoted-printable":
        return way, quopri.encodestring(raw)
    return way, raw


def text_part(kind, text, client, charset):
    ascii_only = text.isascii()
    ways = {"gmail": "auto" if ascii_only and kind == "plain" else "quoted-printable" if ascii_only else "base64",
            "outlookweb": "quoted-printable" if ascii_only else "base64", "outlook": "auto" if ascii_only else "base64",
            "thunderbird": "auto", "apple": "auto" if ascii_only else "quoted-printable",
            "iphone": "auto" if ascii_only else "base64", "becky": "auto", "roundcube": "auto",
            "phpmailer": "auto"}
    way = ways[client]
    if charset == "iso-2022-jp" and client in ("outlook", "apple", "thunderbird", "gmail"):
        way = "auto"
    shown = {"gmail": {"utf-8": '"UTF-8"', "iso-2022-jp": '"ISO-2022-JP"', "shift_jis": '"Shift_JIS"'}}.get(client, {}).get(charset)
    if shown is None:
        shown = charset if client in ("apple", "iphone") else f'"{charset}"' if client != "roundcube" else charset.upper()
    if ascii_only and client in ("apple", "iphone", "becky", "outlook"):
        shown = "us-ascii" if client != "outlook" else '"us-ascii"'
    flowed = "; format=flowed" if kind == "plain" and client in ("thunderbird", "roundcube") else ""
    name, body = transfer(text, charset, way)
    heads = [("Content-Type", f"text/{kind}; charset={shown}{flowed}")]
    if not (name == "7bit" and client in ("gmail",)):
        heads.append(("Content-Transfer-Encoding", name))
    return heads, body


def attach_part(item, client, charset, rng):
    name, kind, data = item
    style = {"gmail": "word", "outlookweb": "word", "outlook": "word", "becky": "word", "thunderbird": "both", "phpmailer": "word"}
    on_type, on_place = file_parameters(name, charset, style.get(client, "percent"))
    if kind == "application/zip" and client in ("outlook", "outlookweb"):
        kind = "application/x-zip-compressed"
    if kind == "application/x-iso9660-image" and client != "gmail":
        kind = "application/octet-stream"
    if kind == "text/html":
        on_type = '; charset="UTF-8"' + on_type
    heads = [("Content-Type", kind + on_type), ("Content-Disposition", "attachment" + on_place),
             ("Content-Transfer-Encoding", "base64")]
    if client == "gmail":
        mark = "f_" + token(rng, 9, "abcdefghijklmnopqrstuvwxyz0123456789")
        heads += [("Content-ID", f"<{mark}>"), ("X-Attachment-Id", mark)]
    if client == "outlookweb":
        heads.insert(1, ("Content-Description", encoded(name, charset)))
    return heads, base64.encodebytes(data)


def render(heads, body):
    return "".join(f"{k}: {v}\n" for k, v in heads).encode() + b"\n" + body


def boundary(client, rng, depth):
    return {"gmail": "0" * 12 + hexa(rng, 16), "outlookweb": f"_00{depth}_{token(rng, 28).upper()}{token(rng, 8).upper()}_",
            "outlook": f"----=_NextPart_000_{rng.randrange(65536):04X}_01D{hexa(rng, 5).upper()}.{hexa(rng, 8).upper()}",
            "thunderbird": "-" * 12 + token(rng, 24), "apple": f"Apple-Mail=_{uuid(rng).upper()}",
            "iphone": f"Apple-Mail-{uuid(rng).upper()}",
            "becky": f"------_{hexa(rng, 8).upper()}{hexa(rng, 8).upper()}_MULTIPART_MIXED_",
            "roundcube": "=_" + hexa(rng, 32), "phpmailer": f"b1={depth}_" + token(rng, 32)}[client]


def uuid(rng):
    return "-".join(hexa(rng, n) for n in (8, 4, 4, 4, 12))


def multipart(kind, parts, client, rng, depth):
    mark = boundary(client, rng, depth)
    line = b"--" + mark.encode()
    body = b"".join(line + b"\n" + render(*p).rstrip(b"\n") + b"\n" for p in parts) + line + b"--\n"
    prefix = b"This is a multi-part message in MIME format.\n\n" if client in ("outlook", "thunderbird", "phpmailer") else b""
    return [("Content-Type", f'multipart/{kind};\n boundary="{mark}"')], prefix + body


def as_html(text, link, label, client, named):
    """The text as the client's own HTML; the link under its name or bare."""
    lines = []
    for line in text.split("\n"):
        safe = html_escape.escape(line, quote=False)
        if link:
            shown = html_escape.escape(label if named else link, quote=False)
            safe = safe.replace(html_escape.escape(link, quote=False), f'<a href="{html_escape.escape(link)}">{shown}</a>')
        lines.append(safe)
    if client == "gmail":
        return '<div dir="ltr">' + "".join(f"<div>{s or '<br>'}</div>" for s in lines) + "</div>\n"
    style = "font-family: Aptos, Arial, sans-serif; font-size: 12pt;" if client == "outlookweb" else "margin:0mm"
    tag = "div" if client == "outlookweb" else "p"
    inner = "\n".join(f'<{tag} style="{style}">{s or "<br>"}</{tag}>' for s in lines)
    head = '<meta http-equiv="Content-Type" content="text/html; charset={charset}">'
    return f"<html>\n<head>\n{head}\n</head>\n<body>\n{inner}\n</body>\n</html>\n"


def calendar(mail, rng):
    start = mail["when"] + datetime.timedelta(days=rng.randint(4, 20), hours=rng.randint(0, 3))
    lines = ["BEGIN:VCALENDAR", "PRODID:-//Calendar//EN", "VERSION:2.0", "METHOD:REQUEST", "BEGIN:VEVENT",
             f"DTSTART:{start:%Y%m%dT%H0000Z}",
             f"DTEND:{start + datetime.timedelta(hours=1):%Y%m%dT%H0000Z}", f"DTSTAMP:{mail['when']:%Y%m%dT%H%M%SZ}",
             f"ORGANIZER;CN={mail['name']}:mailto:{mail['from']}",
             f"UID:{token(rng, 26, 'abcdefghijklmnopqrstuv0123456789')}@example.com",
             f"ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{mail['to']}",
             "DESCRIPTION:" + mail["text"].strip().replace("\n", "\\n").replace(",", "\\,"), f"SUMMARY:{mail['ics']}",
             "STATUS:CONFIRMED", "END:VEVENT", "END:VCALENDAR"]
    folded = []
    for line in lines:
        while len(line.encode()) > 74:
            cut = 74
            while len(line[:cut].encode()) > 74:
                cut -= 1
            folded.append(line[:cut])
            line = " " + line[cut:]
        folded.append(line)
    return "\r\n".join(folded) + "\r\n"


def body_of(mail, client, rng):
    """The whole MIME tree: (headers, bytes)."""
    charset, text = mail["charset"], mail["text"]
    settings = stable("settings", mail["from"], client)
    rich = client in ("gmail", "outlookweb") or client == "outlook" and settings.random() < 0.6
    plain = text_part("plain", text, client, charset)
    tree = plain
    if rich:
        page = as_html(text, mail["url"], mail["label"], client, rng.random() < 0.5).replace("{charset}", charset)
        parts = [plain, text_part("html", page, client, charset)]
        event = calendar(mail, rng) if mail["ics"] else ""
        if event:
            kind = [("Content-Type", 'text/calendar; charset="UTF-8"; method=REQUEST'), ("Content-Transfer-Encoding", "base64")]
            parts.append((kind, base64.encodebytes(event.encode())))
            if client == "gmail":
                mail = dict(mail, files=mail["files"] + [("invite.ics", "application/ics", event.encode())])
        tree = multipart("alternative", parts, client, rng, 0)
    parts = [tree] + [attach_part(f, client, charset, rng) for f in mail["files"]]
    if mail["inner"]:
        kind = [("Content-Type", "message/rfc822"), ("Content-Disposition", "attachment")]
        parts.append((kind, mail["inner"]))
    if len(parts) > 1:
        tree = multipart("mixed", parts, client, rng, 4)
    return tree

# ---- clients: the author's headers, in the client's order


def message_id(route, client, address, when, rng):
    host = domain_of(address)
    if route == "google" and client == "gmail":
        return f"<CA{token(rng, 2)}+{token(rng, 6)}={token(rng, 24)}_{token(rng, 12)}@mail.gmail.com>"
    if client == "outlookweb":
        site = stable("site", host).choice(("TYCP286", "OS3P286", "TYAP286", "LO4P265", "SJ0PR03"))
        box = f"{site}MB{rng.randint(1000, 2999)}{hexa(rng, 22).upper()}"
        area = "JPNP286" if site[0] in "TO" else "GBRP265" if site[0] == "L" else "namprd03"
        return f"<{box}@{box[:13]}.{area}.PROD.OUTLOOK.COM>"
    return {"thunderbird": f"<{uuid(rng)}@{host}>", "apple": f"<{uuid(rng).upper()}@{host}>",
            "iphone": f"<{uuid(rng).upper()}@{host}>",
            "outlook": f"<{rng.randrange(1 << 24):012x}$%s$%s@{host}>" % (hexa(rng, 8), hexa(rng, 8)),
            "becky": f"<{when:%Y%m%d%H%M%S}.{hexa(rng, 4).upper()}.{hexa(rng, 8).upper()}@{host}>",
            "roundcube": f"<{hexa(rng, 32)}@{host}>",
            "phpmailer": f"<{token(rng, 43)}@{host}>"}[client]


def thread_heads(mail):
    if not mail["references"]:
        return []
    return [("References", "\n ".join(mail["references"])), ("In-Reply-To", mail["references"][-1])]


def author_heads(mail, client, tree_heads, rng):
    charset, zone = mail["charset"], mail["zone"]
    quoted = client in ("outlook", "phpmailer")
    sender = mailbox(mail["name"], mail["from"], charset, quoted)
    if mail["from2"]:
        sender += ",\n " + mailbox(mail["from2"][1], mail["from2"][0], charset, quoted)
    head = {"from": ("From", sender), "to": ("To", mail["to_text"]), "date": ("Date", rfc_date(mail["when"], zone)),
            "subject": ("Subject", encoded(mail["subject"], charset)), "mime": ("MIME-Version", "1.0")}
    ident = mail["id"]
    cc = [("Cc", mail["cc"])] if mail["cc"] else []
    extra = [("Reply-To", mail["reply_to"])] if mail["reply_to"] else []
    extra += [("Sender", mail["sender"])] if mail["sender"] else []
    thread = thread_heads(mail)
    settings = stable("version", mail["from"], client)
    lang = "ja" if any(ord(c) > 0x3000 for c in mail["subject"] + mail["text"][:80]) else "en-US"
    index = blob(rng, 22)
    topic = encoded(re.sub(r"^(re|fw): *", "", mail["subject"], flags=re.I), charset)
    if client == "gmail":
        out = [head["mime"], *thread, *extra, head["from"],
               head["date"], ("X-Gm-Features", token(rng, 36)), ("Message-ID", ident), head["subject"],
               head["to"], *cc, *tree_heads]
    elif client == "outlookweb":
        has = "yes" if mail["files"] or mail["inner"] else ""
        out = [head["from"], head["to"], *cc, head["subject"], ("Thread-Topic", topic), ("Thread-Index", index),
               head["date"], ("Message-ID", ident),
               *thread, *extra, ("Accept-Language", "ja-JP, en-US" if lang == "ja" else "en-GB, en-US"), ("Content-Language", lang),
               ("X-MS-Has-Attach", has), ("X-MS-TNEF-Correlator", ""), ("msip_labels", "")]
    elif client == "outlook":
        version = settings.choice(("Microsoft Outlook 16.0", "Microsoft Outlook 15.0"))
        out = [head["from"], *extra, head["to"], *cc, *thread, head["subject"], head["date"], ("Message-ID", ident), head["mime"],
               *tree_heads,
               ("X-Mailer", version), ("Thread-Index", index), ("Content-Language", "ja" if lang == "ja" else "en-us")]
    elif client == "thunderbird":
        out = [("Message-ID", ident), head["date"], head["mime"], ("User-Agent", "Mozilla Thunderbird"), head["subject"],
               head["to"], *cc, *thread,
               ("Content-Language", lang), head["from"], *extra, *tree_heads]
    elif client == "apple":
        build = settings.choice((("16.0", "3774.600.62"), ("16.0", "3826.300.87.4.3"), ("15.0", "3693.60.0.1.1")))
        out = [head["from"], *extra, *tree_heads, ("Mime-Version", f"1.0 (Mac OS X Mail {build[0]} \\({build[1]}\\))"),
               head["subject"],
               ("Message-Id", ident), *thread[::-1], head["date"], *cc, head["to"], ("X-Mailer", f"Apple Mail (2.{build[1]})")]
    elif client == "iphone":
        build = settings.choice(("21F90", "21G93", "22A3354", "22D72"))
        out = [*tree_heads, head["from"], *extra, ("Mime-Version", "1.0 (1.0)"), head["date"],
               head["subject"], ("Message-Id", ident), *thread[::-1],
               head["to"], *cc, ("X-Mailer", f"iPhone Mail ({build})")]
    elif client == "becky":
        out = [head["date"], head["from"], head["to"], head["subject"], *cc, *extra, *thread[::-1], ("Message-Id", ident),
               head["mime"], *tree_heads,
               ("X-Mailer", settings.choice(("Becky! ver. 2.81.08 [ja]", "Becky! ver. 2.82.01 [ja]", "Becky! ver. 2.75.04 [ja]")))]
    elif client == "roundcube":
        out = [head["mime"], head["date"], head["from"], head["to"], *cc, head["subject"], *extra, *thread[::-1],
               ("User-Agent", "Roundcube Webmail/" + settings.choice(("1.4.15", "1.5.7", "1.6.6"))), ("Message-ID", ident),
                   ("X-Sender", mail["from"]),
               *tree_heads]
    else:
        out = [head["date"], head["to"], head["from"], *extra, head["subject"], ("Message-ID", ident),
               ("X-Mailer", "PHPMailer 6.9.1 (https://github.com/PHPMailer/PHPMailer)"), head["mime"], *tree_heads]
    return out

# ---- routes: what the services add


def dkim(domain, selector, signed, when, rng):
    lines = [f"v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s={selector}; t={int(when.timestamp())}; h={signed};",
             f" bh={blob(rng, 32)};", " b=" + "\n  ".join(textwrap.wrap(blob(rng, 128), 72))]
    return "DKIM-Signature", "\n".join(lines)


def google_id(rng, middle):
    return f"{hexa(rng, 12)}-{hexa(rng, 12)}{middle}{rng.randint(100000, 9999999)}{hexa(rng, 3)}.{rng.randint(1, 60)}"


def google_heads(mail, client, rng):
    """(headers over the author's, the host that hands over, its address, the signing domain)."""
    when = mail["when"]
    host = f"mail-{token(rng, 2, 'abdefiklopquvwxy')}1-{rng.choice('fx')}{rng.randint(41, 63)}.google.com"
    ip = "192.0.2." + str(rng.randint(80, 180))
    domain = "googlegroups.com" if mail["list_kind"] == "groups" else domain_of(mail["from"])
    stamp = int(when.timestamp() * 1000) + rng.randint(100, 900)
    at = rfc_date(when + datetime.timedelta(seconds=2), pacific(when))
    signed = "to:subject:message-id:date:from:mime-version:from:to:cc:subject:date:message-id:reply-to"
    second = "\n         ".join(textwrap.wrap(blob(rng, 128), 66))
    six = ":".join(("2002:a05", hexa(rng, 4), hexa(rng, 3), "b0", hexa(rng, 3), hexa(rng, 4)))
    heads = [("Received", f"by {host} with SMTP id {google_id(rng, 'so')}\n        for <{mail['to']}>; {at}"),
             dkim(domain, "20230601", signed, when, rng),
             ("X-Google-DKIM-Signature", "v=1; a=rsa-sha256; c=relaxed/relaxed;\n        d=1e100.net; s=20230601;\n"
              f"        h=x-gm-message-state:from;\n        bh={blob(rng, 32)};\n        b={second}"),
             ("X-Gm-Message-State", "AOJu0Y" + token(rng, 80)), ("X-Gm-Gg", "ASbGnc" + token(rng, 90)),
             ("X-Google-Smtp-Source", "AGHT+I" + token(rng, 54)),
             ("X-Received", f"by {six} with SMTP id\n {google_id(rng, 'mr')}.{stamp};\n        {at}")]
    if client != "gmail":
        home = stable("home", mail["from"]).choice(("192.168.1.", "192.168.11.", "10.0.0.")) + str(rng.randint(2, 30))
        host_name = "smtpclient.apple" if client in ("apple", "iphone") else f"[{home}]"
        heads.append(("Received", f"from {host_name} ([{mail['client_ip']}])\n"
                      f"        by smtp.gmail.com with ESMTPSA id {google_id(rng, 'sm')}\n"
                      f"        (version=TLS1_3 cipher=TLS_AES_128_GCM_SHA256 bits=128/128);\n        {at}"))
    return heads, host, ip, domain


def ms_box(rng):
    return f"{token(rng, 3).upper()}PR01MB{rng.randint(1000, 9999)}"


def ms_heads(mail, client, rng):
    when, domain = mail["when"], domain_of(mail["from"])
    site = stable("site", domain).choice(("jpnprd01", "gbrp265", "namprd03", "eurprd04"))
    box, tail = ms_box(rng), f".{site}.prod.outlook.com"
    host = f"mail-{site[:3]}eastazon{rng.randint(11010000, 11022999)}.outbound.protection.outlook.com"
    at = rfc_date(when + datetime.timedelta(seconds=1), "+0000")
    six = f"2001:db8:{hexa(rng, 3)}:{hexa(rng, 2)}::{hexa(rng, 2)}"
    signed = "From:Date:Subject:Message-ID:Content-Type:MIME-Version:X-MS-Exchange-SenderADCheck"
    seal, sign = ("\n ".join(textwrap.wrap(blob(rng, 256), 74)) for _ in range(2))
    chain = "spf=none; dmarc=none;\n dkim=none; arc=none"
    if domain != "outlook.com":
        chain = (f"spf=pass\n smtp.mailfrom={domain}; dmarc=pass action=none\n header.from={domain};"
                 f" dkim=pass header.d={domain}; arc=none")
    heads = [("ARC-Seal", f"i=1; a=rsa-sha256; s=arcselector10001; d=microsoft.com; cv=none;\n b={seal}"),
             ("ARC-Message-Signature", "i=1; a=rsa-sha256; c=relaxed/relaxed; d=microsoft.com;\n s=arcselector10001;\n"
              f" h={signed};\n bh={blob(rng, 32)};\n b={sign}"),
             ("ARC-Authentication-Results", f"i=1; mx.microsoft.com 1; {chain}"),
             dkim(domain, "selector1" if domain == "outlook.com" else "selector2", signed, when, rng)]
    number = f"15.20.{rng.randint(7600, 8700)}.{rng.randint(10, 39)}"
    for step in range(2 if client == "outlookweb" else 1):
        heads.append(("Received", f"from {box}{tail} ({six})\n by {ms_box(rng)}{tail} ({six}{step}) with Microsoft\n"
                      f" SMTP Server (version=TLS1_2,\n cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id {number}; {at}"))
    if client != "outlookweb":
        machine = stable("machine", mail["from"]).randint(1, 9)
        heads.append(("Received", f"from pc{machine} ({mail['client_ip']}) by {box}{tail} ({six}) with\n"
                      f" Microsoft SMTP Server (version=TLS1_2) id {number}; {at}"))
    return heads, host, "192.0.2." + str(rng.randint(181, 250)), domain


def ms_tail(mail, client, rng, tree_heads):
    """What Exchange Online adds below the author's headers."""
    domain = domain_of(mail["from"])
    levels = "|".join(str(rng.randint(1000, 99999)) for _ in range(6))
    info = "\n ".join(textwrap.wrap("=?us-ascii?Q?" + blob(rng, 120).replace("=", "") + "?=", 74))
    out = [("x-ms-publictraffictype", "Email"), ("x-ms-traffictypediagnostic", f"{ms_box(rng)}:EE_"),
           ("x-ms-office365-filtering-correlation-id", uuid(rng)), ("x-microsoft-antispam", f"BCL:0;ARA:14566002|{levels};"),
           ("x-microsoft-antispam-message-info", info)]
    if client == "outlookweb":
        out += [*tree_heads, ("MIME-Version", "1.0")]
    stem = "X-MS-Exchange-CrossTenant-"
    return [*out, ("X-OriginatorOrg", domain), (stem + "AuthAs", "Internal"),
            (stem + "OriginalArrivalTime", f"{mail['when']:%d %b %Y %H:%M:%S}.{rng.randint(1000, 9999)} (UTC)"),
            (stem + "FromEntityHeader", "Hosted"), (stem + "Id", uuid(stable("tenant", domain))),
            ("X-MS-Exchange-Transport-CrossTenantHeadersStamped", ms_box(rng))]


def own_heads(mail, client, rng):
    """A mail server of the sender's own: Postfix, with DKIM in two domains of three."""
    domain = domain_of(mail["list_address"] or mail["from"])
    settings = stable("server", domain)
    host, signs = settings.choice(("mail.", "smtp.", "mx1.", "relay.")) + domain, settings.random() < 0.67
    number = token(rng, 10, "0123456789ABCDEF")
    at = rfc_date(mail["when"] + datetime.timedelta(seconds=1), mail["zone"] if client != "outlookweb" else "+0900")
    selector = settings.choice(("default", "mail", "s1", "2023"))
    heads = [dkim(domain, selector, "from:to:subject:date:message-id", mail["when"], rng)] if signs else []
    if client in ("roundcube", "phpmailer"):
        inner = "webmail" if client == "roundcube" else "www"
        heads.append(("Received", f"from {inner}.{domain} (localhost [127.0.0.1])\n"
                      f"\tby {host} (Postfix) with ESMTP id {number};\n\t{at}"))
    else:
        machine = stable("machine", mail["from"], client)
        name = machine.choice(("PC", "DESKTOP-", "note")) + token(machine, 5).upper()
        heads.append(("Received", f"from {name} (unknown [{mail['client_ip']}])\n\tby {host} (Postfix) with ESMTPSA id {number}\n"
                      f"\tfor <{mail['to']}>; {at}"))
    return heads, host, address_ip("server", domain), domain if signs else ""


def list_heads(mail, rng):
    kind, address, title = mail["list"]
    local, host = address.split("@")
    name = encoded(title, mail["charset"])
    if kind == "groups":
        return [("Precedence", "list"), ("Mailing-list", f"list {address}; contact {local}+owners@{host}"),
                ("List-ID", f"<{local}.{host}>"), ("X-Google-Group-Id", str(stable(address).randint(10 ** 11, 10 ** 12))),
                ("List-Post", f"<mailto:{address}>"), ("List-Unsubscribe", f"<mailto:{local}+unsubscribe@{host}>")]
    return [("X-BeenThere", address), ("X-Mailman-Version", "2.1.39"), ("Precedence", "list"),
            ("List-Id", f"{name} <{local}.{host}>"),
            ("List-Unsubscribe", f"<mailto:{local}-request@{host}?subject=unsubscribe>"), ("List-Post", f"<mailto:{address}>"),
            ("List-Help", f"<mailto:{local}-request@{host}?subject=help>"), ("Errors-To", f"{local}-bounces@{host}")]


def results(mail, signer, host, ip):
    """The mail server's own judgement. A list that adds its tag breaks the author's signature."""
    author, envelope = domain_of(mail["from"]), domain_of(mail["return_path"])
    policy = "NONE" if author in ("gmail.com", "outlook.com") else stable("policy", author).choice(("NONE", "NONE", "QUARANTINE"))
    aligned = author == envelope or author == signer
    out = [f"dkim=pass (2048-bit key) header.d={signer} header.i=@{signer}" if signer else "dkim=none",
           f"spf=pass (sender IP is {ip}) smtp.mailfrom={envelope}"]
    if mail["from2"]:
        out.append(f"dmarc=none header.from={author}")
    else:
        out.append(f"dmarc={'pass' if aligned else 'fail'} (p={policy} dis=none) header.from={author}")
    return ("Authentication-Results", f"{MX};\n\t" + ";\n\t".join(out))


def compose(mail, rng):
    """The stored message, bytes with LF line ends. See make_pairs for the fields of mail."""
    route, client = mail["mailer"].split("/")
    client = {"google/web": "gmail", "ms/web": "outlookweb"}.get(mail["mailer"], client)
    if client == "outlookweb":
        mail["zone"] = "+0000"
    mail["list_kind"], mail["list_address"] = (mail["list"][0], mail["list"][1]) if mail["list"] else ("", "")
    if mail["list_kind"] == "mailman":
        mail["subject"] = f"[{mail['list_address'].split('@')[0]}] " + mail["subject"]
        route = "own"
    mail["id"] = mail.get("id") or message_id(mail["mailer"].split("/")[0], client, mail["from"], mail["when"], rng)
    if mail["ics"] and client == "gmail":
        mail.update(sender="Google Calendar <calendar-notification@google.com>", id=f"<calendar-{uuid(rng)}@google.com>")
    tree_heads, body = body_of(mail, client, rng)
    heads = author_heads(mail, client, tree_heads, rng)
    local, _, host_part = mail["list_address"].partition("@")
    bounce = "+bncb" + token(rng, 12) if mail["list_kind"] == "groups" else "-bounces"
    mail["return_path"] = f"{local}{bounce}@{host_part}" if local else mail["from"]
    maker = {"google": google_heads, "ms": ms_heads, "own": own_heads}[route]
    over, host, ip, signer = maker(mail, client, rng)
    if route == "ms":
        heads += ms_tail(mail, client, rng, tree_heads)
    elif client == "outlookweb":
        heads += [*tree_heads, ("MIME-Version", "1.0")]
    if mail["list"]:
        heads += list_heads(mail, rng)
    seconds = datetime.timedelta(seconds=rng.randint(3, 9))
    arrived = mail["when"] + seconds
    ident, stored = (token(rng, 10, "0123456789ABCDEF") for _ in range(2))
    trace = [("Return-Path", f"<{mail['return_path']}>"), ("Delivered-To", mail["recipient"]),
             ("Received", f"from {MX} ({MX} [192.0.2.25])\n\tby {STORE} (Postfix) with ESMTPS id {stored}\n"
              f"\tfor <{mail['recipient']}>; {rfc_date(arrived + datetime.timedelta(seconds=1), '+0900')}"),
             results(mail, signer, host, ip),
             ("Received", f"from {host} ({host} [{ip}])\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\n"
              f"\tby {MX} (Postfix) with ESMTPS id {ident}\n\tfor <{mail['recipient']}>; {rfc_date(arrived, '+0900')}")]
    mail["received"] = arrived
    return render(trace + over + heads, body)


def sent(mail, rng):
    """What one of the organisation's own wrote, as the store keeps it: no trace, no judgement."""
    mail["id"] = message_id("own", "thunderbird", mail["from"], mail["when"], rng)
    tree_heads, body = body_of(mail, "thunderbird", rng)
    return render([("Return-Path", f"<{mail['from']}>"), *author_heads(mail, "thunderbird", tree_heads, rng)], body)

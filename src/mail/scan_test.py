#!/usr/bin/env -S python3 -B
"""Proves the verbs that read files on mails made here: scan_test.py HINOMI_MAIL SCHEMA."""
import base64
import hashlib
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import jsonschema

MAIL, SCHEMA = sys.argv[1], json.loads(pathlib.Path(sys.argv[2]).read_text())
PEOPLE = "name,kana,romaji,mail,organisation\n渡辺 太郎,わたなべ たろう,Taro Watanabe,watanabe@daigaku.ac.jp,海洋大学\n"


def mail(sender="Taro Watanabe <taro.watanabe@gmail.com>", to="ishii@kikan.jp", body="https://1drv.ms/u/s!x\n", more="", subject="x"):
    return (f"From: {sender}\nTo: {to}\nSubject: {subject}\nDate: Mon, 2 Mar 2026 09:00:00 +0900\nMessage-ID: <1@x>\n{more}\n{body}").encode()


def run(*argv, code=0):
    done = subprocess.run([MAIL, *map(str, argv)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == code, (argv, done.returncode, done.stderr.decode(), done.stdout.decode()[:500])
    return done.stdout.decode()


def lines(*argv, code=0):
    return [json.loads(line) for line in run(*argv, code=code).splitlines()]


def formats(work, options):
    """Single mail, mbox, Maildir and directory: the same finding, one document a line, of the schema."""
    attack, plain = mail(), mail(sender="Hanako Sato <h.sato@kaisha.co.jp>", body="See you.\n")
    (work / "one.eml").write_bytes(attack)
    (work / "two.mbox").write_bytes(b"From x Mon Mar  2 09:00:00 2026\n" + plain + b"\nFrom x Mon Mar  2 09:00:00 2026\n" + attack + b"\n>From the text\n")
    for folder in ("cur", "new", "tmp"):
        (work / "dir" / folder).mkdir(parents=True)
    (work / "dir" / "cur" / "1:2,S").write_bytes(attack)
    (work / "dir" / "new" / "2").write_bytes(plain)
    (work / "dir" / "tmp" / "3").write_bytes(attack)
    for path, sensor in ((work / "one.eml", "one.eml"), (work / "two.mbox", "two.mbox#2"), (work / "dir", "1:2,S")):
        found = lines("scan", "--json", *options, path)
        assert len(found) == 1, (path, found)
        jsonschema.validate(found[0], SCHEMA)
        assert found[0]["sensor"] == sensor and found[0]["kind"] == "impersonation" and found[0]["target"] == "kikan.jp"
        assert found[0]["window"]["start_ms"] == 1772409600000 and found[0]["sender"]["pseudonym"] == ""
        assert list(found[0]) == sorted(found[0])
        assert not any(word in json.dumps(found, ensure_ascii=False) for word in ("watanabe", "Watanabe", "ishii", "渡辺"))
    text = run("scan", *options, work / "two.mbox")
    assert "L4" in text and "known person" in text and "Read 2 mails" in text
    assert run("scan", "--json", *options, work / "dir" / "new") == ""


def identities(work, options):
    """Whom a mail poses as: one pseudonym for one person in all spellings, whoever sends and gets it; never a name or an address."""
    people = PEOPLE + "Hanako Sato,,,h.sato@kaisha.co.jp,\n"
    (work / "who.csv").write_text(people)
    (work / "who.key").write_bytes(b"w" * 32)
    (work / "who.key").chmod(0o600)

    def posed(content, *more, key="who.key", directory="who.csv"):
        (work / "who.eml").write_bytes(content)
        where = ["--people", work / directory, "--protect", "kikan.jp", "--key", work / key, *more, work / "who.eml"]
        found = lines("scan", "--json", *where)
        assert len(found) == 1, (content, found)
        jsonschema.validate(found[0], SCHEMA)
        explained = lines("explain", "--json", *where)[0]["verdict"]["impersonated"]
        told = found[0].get("impersonated", {"is": "", "pseudonym": ""})
        assert told == explained, (told, explained)
        assert told["pseudonym"] not in (found[0]["sender"]["pseudonym"], found[0]["recipient"]) or told["pseudonym"] == ""
        assert not any(word in json.dumps(found, ensure_ascii=False) for word in ("watanabe", "Watanabe", "渡辺", "sato", "ishii"))
        return told["is"], told["pseudonym"]

    person = posed(mail())
    assert person[0] == "person" and len(person[1]) == 16, person
    assert posed(mail(sender="渡辺　太郎 <x99@outlook.com>", to="kato@kikan.jp")) == person
    assert posed(mail(sender="WATANABE Taro <y@else.example>", body="https://files.else2.xyz/a.zip\n")) == person
    assert posed(mail(sender="T. <t@else.example>", more="Reply-To: Taro Watanabe <wtaro@gmail.com>\n")) == person
    other = posed(mail(sender="Hanako Sato <hs@gmail.com>"))
    assert other[0] == "person" and other[1] != person[1]
    domain = posed(mail(sender="Office <a@k1kan.jp>"))
    assert domain[0] == "domain" and domain[1] not in (person[1], other[1])
    assert posed(mail(sender="Office <a@kikan-support.com>")) == domain
    assert posed(mail(sender="A <a@else.example>", body="https://kikan-login.com/\n")) == domain
    assert posed(mail(sender="Daigaku <a@daigaku-jp.com>"))[1] not in (domain[1], person[1])
    refuted = "Authentication-Results: mx.kikan.jp; spf=fail smtp.mailfrom=watanabe@daigaku.ac.jp; dmarc=fail header.from=daigaku.ac.jp\n"
    assert posed(mail(sender="Taro Watanabe <watanabe@daigaku.ac.jp>", more=refuted), "--authserv-id", "mx.kikan.jp") == person
    assert posed(mail(sender='"watanabe@daigaku.ac.jp" <a@else.example>')) == person, "the address within the name is that person's"
    program = "MIME-Version: 1.0\nContent-Type: application/octet-stream; name=a.pdf.exe\nContent-Transfer-Encoding: base64\n"
    assert posed(mail(sender="S <a@else.example>", body=base64.encodebytes(b"MZ" + bytes(200)).decode(), more=program)) == ("", "")
    (work / "more.csv").write_text(people.replace("watanabe@daigaku.ac.jp", "w.taro@daigaku.ac.jp"))
    assert posed(mail(), directory="more.csv") == person, "another address changes nothing"
    (work / "else.key").write_bytes(b"v" * 32)
    (work / "else.key").chmod(0o600)
    assert posed(mail(), key="else.key")[1] != person[1]
    (work / "who.eml").write_bytes(mail())
    assert lines("scan", "--json", "--people", work / "who.csv", work / "who.eml")[0]["impersonated"] == {"is": "person", "pseudonym": ""}


def hijacked(work, options):
    """A known account in other hands: the person who has it, or where the directory has nobody, the account."""
    (work / "hijack.key").write_bytes(b"h" * 32)
    (work / "hijack.key").chmod(0o600)
    told = set()
    for sender in ("Taro Watanabe <watanabe@daigaku.ac.jp>", "Ken Mori <mori@boeki.co.jp>"):
        where = ["--history", work / f"hijack{len(told)}.history", "--key", work / "hijack.key", *options]
        build = "X-Mailer: Own Mailer 1.0\nMIME-Version: 1.0\nContent-Type: text/plain; charset=iso-2022-jp\nContent-Transfer-Encoding: 7bit\n"
        (work / "usual.mbox").write_bytes(b"".join(
            b"From x\n" + mail(sender=sender, body="See you.\n", more=build).replace(b"2 Mar", b"%d Feb" % day).replace(b"<1@x>", b"<20260%d@daigaku.ac.jp>" % day) + b"\n"
            for day in range(2, 20)))
        run("learn", *where, work / "usual.mbox")
        changed = (f"Message-ID: <CAF+x@mail.gmail.com>\nDate: Mon, 2 Mar 2026 01:00:00 -0800\nMIME-Version: 1.0\nSubject: x\nFrom: {sender}\nTo: ishii@kikan.jp\n"
                   "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n\n").encode() \
            + base64.encodebytes(b'<a href="https://1drv.ms/u/s!x">x</a>')
        (work / "hijack.eml").write_bytes(changed)
        found = lines("scan", "--json", *where, work / "hijack.eml")[0]
        assert found["kind"] == "hijacked_account", found
        assert found["impersonated"]["pseudonym"] not in ("", found["sender"]["pseudonym"])
        told.add(found["impersonated"]["is"])
    assert told == {"person", "account"}, told


def levels(work, options):
    """Each level sees what lies below it, and no more."""
    (work / "level.eml").write_bytes(mail(sender="渡辺太郎 <x@gmail.com>"))
    for level, rule in ((0, None), (1, "known_name_freemail"), (2, "known_name_freemail"), (3, "known_name_freemail_carrier")):
        document = lines("explain", "--json", "--level", level, *options, work / "level.eml")[0]
        assert document["verdict"]["level"] == level
        rules = [reason["rule"] for reason in document["verdict"]["reasons"]]
        assert (rules[:1] or [None])[0] == rule, (level, rules)
        assert bool(document["facts"]["hosts"]) == (level >= 3)


def words(work, options):
    """The lexicon is asked where it is switched on, and only there."""
    lure = "Urgent: verify your account, it is suspended. https://evil.net/\n"
    (work / "lure.eml").write_bytes(mail(sender="Hanako Sato <h.sato@kaisha.co.jp>", body=lure))
    for level, count in ((4, 0), (5, 3)):
        document = lines("explain", "--json", "--level", level, *options, work / "lure.eml")[0]
        assert document["facts"]["lures"] == count, document
        assert ("words_of_lures" in [reason["rule"] for reason in document["verdict"]["reasons"]]) == (level == 5)
        assert "suspended" not in json.dumps(document)


def passwords(work, options):
    """A password beside an encrypted archive counts where words are read; what it is stays unsaid."""
    archive = base64.encodebytes(bytes(zip_locked())).decode()
    parts = f"--b\nContent-Type: text/plain; charset=iso-2022-jp\n\n{{}}\n--b\nContent-Type: application/zip; name=a.zip\n" \
        f"Content-Transfer-Encoding: base64\n\n{archive}--b--\n"
    content = mail(sender="Hanako Sato <h.sato@kaisha.co.jp>", more="MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n", body=parts)
    (work / "password.eml").write_bytes(content.replace(b"{}", "パスワードは hunter2 です".encode("iso-2022-jp")))
    for level, count in ((4, 0), (5, 1)):
        document = lines("explain", "--json", "--level", level, *options, work / "password.eml")[0]
        assert document["facts"]["passwords"] == count, document
        assert ("password_beside" in [reason["rule"] for reason in document["verdict"]["reasons"]]) == (level == 5)
        assert "hunter2" not in json.dumps(document)


def enclosed(work, options):
    """A mail in a mail is looked into, plain or in base64, to the same depth; a bomb of them ends."""
    inner = b"From: a@b.jp\nSubject: y\nMIME-Version: 1.0\nContent-Type: application/zip; name=a.pdf.exe\nContent-Transfer-Encoding: base64\n\n" \
        + base64.encodebytes(b"MZ" + bytes(200)) + b"\n"
    facts = {}
    for encoding, content in (("7bit", inner), ("base64", base64.encodebytes(inner))):
        head = f"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: {encoding}\n\n"
        (work / "enclosed.eml").write_bytes(b"From: c@d.jp\nSubject: x\n" + head.encode() + content + b"\n--b--\n")
        facts[encoding] = lines("explain", "--json", *options, work / "enclosed.eml")[0]
    assert facts["7bit"]["facts"]["parts"] == facts["base64"]["facts"]["parts"] == 3, facts
    assert facts["7bit"]["facts"]["payload"] == facts["base64"]["facts"]["payload"]
    assert facts["7bit"]["verdict"]["reasons"] == facts["base64"]["verdict"]["reasons"] != []
    for _ in range(30):
        inner = b"From: a@b.jp\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(inner)
    (work / "enclosed.eml").write_bytes(inner)
    document = lines("explain", "--json", *options, work / "enclosed.eml")[0]
    assert document["facts"]["unread"] == ["depth"] and document["facts"]["parts"] <= 26, document["facts"]
    (work / "enclosed.eml").write_bytes(b"From: a@b.jp\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(b"X: y\n" * 5000))
    assert lines("explain", "--json", *options, work / "enclosed.eml")[0]["facts"]["unread"] == ["payload"]


def shapes(work, options):
    """Ways to hide that were found one by one: each is told, and its harmless likeness is not."""
    more = PEOPLE + "齋藤 健一,さいとう けんいち,,k.saito@gaimu-ob.jp,\n髙橋 花子,たかはし はなこ,,takahashi@kenkyu.or.jp,\n"
    (work / "shapes.csv").write_text(more.replace("organisation\n", "organisation,title\n").replace("海洋大学\n", "海洋大学,教授\n").replace("ob.jp,\n", "ob.jp,,元大使\n"))
    where = ["--people", work / "shapes.csv", "--protect", "kikan.go.jp"]

    def rules(content):
        (work / "shape.eml").write_bytes(content)
        return [reason["rule"] for reason in lines("explain", "--json", *where, work / "shape.eml")[0]["verdict"]["reasons"]]

    def attached(name, kind, data):
        return mail(sender="A <a@firma.co.jp>", body=base64.encodebytes(data).decode(),
                    more=f"MIME-Version: 1.0\nContent-Type: {kind}; name={name}\nContent-Disposition: attachment; filename={name}\nContent-Transfer-Encoding: base64\n")

    def page(text, sender="A <a@firma.co.jp>"):
        return mail(sender=sender, body=text + "\n", more="MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n")

    for name in ("斉藤健一", "斎藤 健一", "齋藤元大使", "齊藤　健一"):
        assert "known_name_freemail_carrier" in rules(mail(sender=f"{name} <x9@gmail.com>")), name
    assert not any(rule.startswith("known_name") for rule in rules(mail(sender="齋藤元大使 <x9@firma.co.jp>"))), "a namesake with an office"
    for label, charset, name in (("Shift_JIS", "cp932", "髙橋 花子"), ("x-sjis", "cp932", "髙橋 花子"), ("ISO-2022-JP", "cp932", "高橋 花子"),
                                 ("iso-2022-jp", "utf-8", "髙橋 花子"), ("utf-8", "iso-2022-jp", "高橋 花子"), ("ISO-2022-JP", "iso-2022-jp", "高橋 花子"),
                                 ("Shift_JIS", "iso-2022-jp", "高橋 花子"), ("EUC-JP", "euc-jp", "高橋 花子"), ("UTF-8", "utf-8", "髙橋 花子")):
        coded = name.encode(charset)
        for word in (f"=?{label}?B?{base64.b64encode(coded).decode()}?=", f"=?{label}?Q?{''.join(f'={byte:02X}' for byte in coded)}?="):
            assert "known_name_freemail_carrier" in rules(mail(sender=f"{word} <x9@gmail.com>")), (label, charset, word)
    rules(mail(sender="=?Shift_JIS?B?" + "gg" * 2000 + "?= =?Shift_JIS?Q?=8?= =?iso-2022-jp?B?gg?= =?" + "x" * 99 + "?B?a?= <x9@gmail.com>"))
    assert not any(rule.startswith("known_name") for rule in rules(mail(sender="齋藤様 <x9@gmail.com>")))
    assert "lookalike_sender" in rules(mail(sender="A <a@kikan.g0.jp>"))
    assert "lookalike_sender" not in rules(mail(sender="A <a@other.g0.jp>"))
    assert "hidden_program" in rules(attached("fw.eml", "application/octet-stream", attached("a.pdf.exe", "application/octet-stream", b"MZ" + bytes(200))))
    assert "hidden_program" not in rules(attached("fw.eml", "application/octet-stream", mail(body="x\n")))
    picture = "<svg xmlns='http://www.w3.org/2000/svg'>%s<rect width='9' height='9'/></svg>"
    assert "svg_script" in rules(attached("a.svg", "image/svg+xml", (picture % "<script>location='https://e.example'</script>").encode()))
    assert "svg_script" not in rules(attached("a.svg", "image/svg+xml", (picture % "").encode()))
    assert "program_at_number" in rules(page("<a href='http://192.0.2.7/a.exe'>update</a>"))
    assert "program_at_number" not in rules(page("<a href='http://192.0.2.7/a.html'>page</a>"))
    assert "program_at_number" not in rules(page("<a href='http://files.firma.co.jp/a.exe'>update</a>"))
    shown = "<a href='https://%s/x'>https://www.kikan.go.jp/login</a>"
    assert "shows_protected" in rules(page(shown % "evil-x.net"))
    assert "shows_protected" not in rules(page(shown % "www.kikan.go.jp"))
    assert "shows_protected" not in rules(page("<a href='https://evil-x.net/x'>https://www.else.jp/login</a>"))
    (work / "partner.mbox").write_bytes(b"".join(b"From x\n" + mail(sender="K <k@boeki-partner.co.jp>", body="x\n").replace(b"2 Mar", b"%d Feb" % day) + b"\n" for day in (2, 3)))
    known = ["--history", work / "near.history", "--key", work / "near.key"]
    run("learn", *known, *where, work / "partner.mbox")
    where += known
    assert "near_correspondent" in rules(mail(sender="K <k@boeki-partnar.co.jp>"))
    assert "near_correspondent" in rules(mail(sender="K <k@boeki-partner-jp.com>"))
    assert "near_correspondent" not in rules(mail(sender="K <k@boeki-partnar.co.jp>", body="See you.\n"))
    assert "near_correspondent" not in rules(mail(sender="K <k@boeki-company.co.jp>"))
    (work / "shape.eml").write_bytes(mail(sender="K <k@boeki-parther.co.jp>"))
    found = lines("scan", "--json", *where, work / "shape.eml")[0]
    jsonschema.validate(found, SCHEMA)
    assert found["impersonated"]["is"] == "domain" and len(found["impersonated"]["pseudonym"]) == 16
    assert "known_name_freemail_carrier" in rules(mail(body="https://we.tl/t-abc\n"))
    assert "known_name_freemail_carrier" in rules(mail(body="https://xn--e1afmkfd.xn--p1ai/a\n"))
    assert "known_name_freemail_carrier" not in rules(mail(body="https://www.kaisha.co.jp/a\n"))


def zip_locked():
    """An archive that says that it is encrypted."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("a.txt", "x" * 40)
    locked = bytearray(archive.getvalue())
    locked[6] |= 1  # says the entry
    locked[locked.index(b"PK\1\2") + 8] |= 1  # and the directory
    return locked


def relation(work, options):
    """Who wrote for long is no stranger; it counts after the delay; a key alone reads the history."""
    where = ["--history", work / "history", "--key", work / "key", *options]
    earlier = b"".join(b"From x\n" + mail(more=f"X-N: {day}\n").replace(b"2 Mar", b"%d Feb" % day).replace(b"<1@x>", b"<%d@x>" % day) + b"\n"
                       for day in range(2, 9))
    (work / "earlier.mbox").write_bytes(earlier)
    assert len(lines("scan", "--json", *where, work / "one.eml")) == 1
    assert "Learned of 7 mails" in run("learn", *where, work / "earlier.mbox")
    assert lines("scan", "--json", *where, work / "one.eml") == []
    (work / "other.key").write_bytes(b"k" * 32)
    (work / "other.key").chmod(0o600)
    found = lines("scan", "--json", "--history", work / "history", "--key", work / "other.key", *options, work / "one.eml")
    assert len(found) == 1 and len(found[0]["sender"]["pseudonym"]) == 16
    assert b"watanabe" not in (work / "history").read_bytes()
    run("learn", *options, work / "earlier.mbox", code=2)


def signed(work, body, more):
    """A mail from a stranger's own domain with an encrypted archive, signed by OpenSSL (RFC 6376), and the record of its key."""
    key = work / "dkim.pem"
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, stderr=subprocess.DEVNULL)
    public = subprocess.run(["openssl", "rsa", "-in", key, "-pubout", "-outform", "DER"], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    header = "From: Hanako Sato <h.sato@kaisha.co.jp>\nTo: ishii@kikan.jp\nSubject: x\nMIME-Version: 1.0\n" \
        "Content-Type: application/zip; name=a.zip\nContent-Transfer-Encoding: base64\n"
    canonical = "from:Hanako Sato <h.sato@kaisha.co.jp>\r\nsubject:x\r\n"
    digest = base64.b64encode(hashlib.sha256(body.replace("\n", "\r\n").encode()).digest()).decode()
    own = f"v=1; a=rsa-sha256; c=relaxed/simple; d=kaisha.co.jp; s=k; h=from:subject; {more}bh={digest}; b="
    done = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=(canonical + "dkim-signature:" + own).encode(), stdout=subprocess.PIPE, check=True)
    received = "Received: from x by mx.kikan.jp; Mon, 2 Mar 2026 09:00:00 +0900\n"
    mail_bytes = (received + "DKIM-Signature: " + own + base64.b64encode(done.stdout).decode() + "\n" + header + "\n" + body).encode()
    return mail_bytes, f'k._domainkey.kaisha.co.jp TXT "v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"\n'


def signatures(work, options):
    """A signature that holds with the key of then vouches for a stranger; without key, with another body or too late it does not."""
    text = base64.encodebytes(bytes(zip_locked())).decode()
    where = ["--history", work / "empty.history", "--key", work / "empty.key", *options]
    path, dns = work / "signed.eml", work / "recorded"
    for more, time, changed, result in (("", "2026-03-01T00:00:00Z", "", "pass"), ("x=1772409601; ", "-", "", "pass"),
                                        ("x=1772409599; ", "-", "", "policy"), ("", "2025-03-01T00:00:00Z", "", "temperror"),
                                        ("", "-", "x", "fail")):
        content, record = signed(work, text, more)
        path.write_bytes(content.replace(b"Subject: x", b"Subject: x" + changed.encode()))
        dns.write_text(f"{time} {record}")
        document = lines("explain", "--json", "--dns", dns, *where, path)[0]
        assert document["facts"]["auth"]["dkim"] == [result] and document["facts"]["auth"]["verified"], (more, time, document["facts"]["auth"])
        rules = [reason["rule"] for reason in document["verdict"]["reasons"]]
        assert ("encrypted_from_stranger" in rules) == (result != "pass"), (result, rules)
    document = lines("explain", "--json", *where, path)[0]
    assert document["facts"]["auth"]["dkim"] == [] and not document["facts"]["auth"]["verified"]
    path.write_bytes(b"Authentication-Results: mx.kikan.jp; spf=fail smtp.mailfrom=a@b.jp\n" + content)
    document = lines("explain", "--json", "--dns", dns, "--authserv-id", "mx.kikan.jp", *where, path)[0]
    assert document["facts"]["auth"]["dkim"] == [] and document["facts"]["auth"]["spf"] == "fail"
    dns.write_text("nonsense\n")
    run("scan", "--dns", dns, path, code=2)
    run("scan", "--dns", work / "nowhere", path, code=1)


def hostile(work, options):
    """Deep, long and broken mails end in time, say what could not be read, and cost no other mail."""
    bad = work / "bad"
    bad.mkdir()
    deep = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (i, i) for i in range(1000))
    (bad / "a-deep").write_bytes(b"From: a@b.jp\n" + deep + b"\nx\n")
    (bad / "b-headers").write_bytes(b"From: a@b.jp\n" + b"X: y\n" * 100000 + b"\nx\n")
    (bad / "c-parts").write_bytes(b'From: a@b.jp\nContent-Type: multipart/mixed; boundary=x\n\n' + b"--x\n\ny\n" * 5000 + b"--x--\n")
    (bad / "d-links").write_bytes(mail(body="".join(f"https://h{i}.net/\n" for i in range(5000))))
    (bad / "e-nothing").write_bytes(b"\n\nhello\n")
    (bad / "f-zeros").write_bytes(bytes(70000))
    (bad / "g-charset").write_bytes(b"From: =?x-none?B?AAAA?= <a@b.jp>\nContent-Type: text/plain; charset=utf-7\n\n\xff\xfe\x00\n")
    (bad / "h-attack").write_bytes(mail())
    told = {pathlib.Path(d["file"]).name: d for d in lines("explain", "--json", *options, bad)}
    unread = {name: document["verdict"]["unread"] for name, document in told.items()}
    assert "depth" in unread["a-deep"] and "headers" in unread["b-headers"] and "parts" in unread["c-parts"] and "links" in unread["d-links"], unread
    assert "no_mail" in unread["e-nothing"] and len(told) == 8 and "worker" not in str(unread), unread
    assert told["h-attack"]["verdict"]["action"] in ("tag", "quarantine")


def refusals(work, options):
    run("scan", code=2)
    run("scan", "--level", "6", work / "one.eml", code=2)
    run("scan", "--nothing", work / "one.eml", code=2)
    run("scan", work / "nowhere", code=1)
    (work / "bad.csv").write_text("colour\nred\n")
    run("people", work / "bad.csv", code=1)
    run("scan", "--people", work / "bad.csv", work / "one.eml", code=2)
    (work / "open.key").write_bytes(b"k" * 32)
    (work / "open.key").chmod(0o644)
    run("scan", "--key", work / "open.key", work / "one.eml", code=2)
    assert "1 people, 1 addresses" in run("people", work / "people.csv")


def main():
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        (work / "people.csv").write_text(PEOPLE)
        options = ["--people", work / "people.csv", "--protect", "kikan.jp"]
        for check in (formats, identities, hijacked, shapes, levels, words, passwords, enclosed, relation, signatures, hostile, refusals):
            check(work, options)
            print(f"{check.__name__}: ok")


main()

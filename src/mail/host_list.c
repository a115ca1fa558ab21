/*
 * Kinds of services by domain, as sorted tables. Public knowledge, chosen by
 * what a service does and not by what was seen in a collection of mails. A row
 * holds for the domain and for all names below it.
 *
 * What anybody may publish at under a name of his own (pages.dev, web.app) needs
 * no row: the private section of the Public Suffix List has it, and host.c asks
 * that.
 */
#include <stdlib.h>
#include <string.h>

#include "mail/host.h"

struct row {
	const char *name;
	unsigned traits;
};

#define MAIL HOST_FREEMAIL
#define DISK HOST_CLOUD_STORAGE
#define PAGE HOST_FREE_HOSTING
#define HIDE HOST_SHORTENER
#define JUMP HOST_REDIRECTOR

/* Sorted by name (strcmp). */
static const struct row rows[] = {
	{"126.com", MAIL}, {"163.com", MAIL}, {"1drv.com", DISK}, {"1drv.ms", DISK}, {"1fichier.com", DISK},
	{"4shared.com", DISK}, {"a-jp.org", HIDE}, {"adf.ly", HIDE}, {"aim.com", MAIL}, {"anonfiles.com", DISK},
	{"aol.com", MAIL}, {"au.com", MAIL}, {"auone-net.jp", MAIL}, {"axfc.net", DISK}, {"backblazeb2.com", DISK},
	{"biglobe.ne.jp", MAIL}, {"bit.do", HIDE}, {"bit.ly", HIDE}, {"bitly.com", HIDE},
	{"blob.core.windows.net", DISK | PAGE}, {"blogspot.com", PAGE}, {"bol.com.br", MAIL}, {"bowlroll.net", DISK},
	{"box.com", DISK}, {"box.net", DISK}, {"buff.ly", HIDE}, {"buffer.com", HIDE}, {"canva.site", PAGE},
	{"carrd.co", PAGE}, {"catbox.moe", DISK}, {"cdn.discordapp.com", DISK}, {"clck.ru", HIDE}, {"clickfunnels.com", PAGE},
	{"cutt.ly", HIDE}, {"cybozu.com", DISK}, {"dailyuploads.net", DISK}, {"datadeliver.net", DISK}, {"daum.net", MAIL},
	{"digitaloceanspaces.com", DISK | PAGE}, {"disk.360.yandex.com", DISK}, {"disk.yandex.com", DISK},
	{"disk.yandex.ru", DISK}, {"docomo.ne.jp", MAIL}, {"docs.google.com", DISK}, {"drive.google.com", DISK},
	{"drive.proton.me", DISK}, {"drive.usercontent.google.com", DISK}, {"dropbox.com", DISK},
	{"dropboxusercontent.com", DISK}, {"dropmb.com", DISK}, {"dropmefiles.com", DISK}, {"easyupload.io", DISK},
	{"excite.co.jp", MAIL}, {"ezweb.ne.jp", MAIL}, {"fastmail.com", MAIL}, {"fex.net", DISK},
	{"file.core.windows.net", DISK | PAGE}, {"file.io", DISK}, {"filedropper.com", DISK}, {"filemail.com", DISK},
	{"filen.io", DISK}, {"files.fm", DISK}, {"firebasestorage.googleapis.com", DISK | PAGE}, {"firestorage.jp", DISK},
	{"fleek.co", PAGE}, {"forms.gle", PAGE | HIDE}, {"forms.office.com", PAGE}, {"free.fr", MAIL}, {"freemail.hu", MAIL},
	{"fromsmash.com", DISK}, {"gigafile.nu", DISK}, {"github.io", PAGE}, {"glitch.me", PAGE}, {"gmail.com", MAIL},
	{"gmx.at", MAIL}, {"gmx.com", MAIL}, {"gmx.de", MAIL}, {"gmx.net", MAIL}, {"gofile.io", DISK}, {"goo.gl", HIDE},
	{"goo.jp", MAIL}, {"goo.su", HIDE}, {"googlegroups.com", JUMP}, {"googlemail.com", MAIL}, {"hanmail.net", MAIL},
	{"hightail.com", DISK}, {"hotmail.co.jp", MAIL}, {"hotmail.co.uk", MAIL}, {"hotmail.com", MAIL}, {"hotmail.de", MAIL},
	{"hotmail.es", MAIL}, {"hotmail.fr", MAIL}, {"hotmail.it", MAIL}, {"i.softbank.jp", MAIL}, {"icloud.com", MAIL},
	{"ift.tt", HIDE}, {"ig.com.br", MAIL}, {"inbox.lv", MAIL}, {"inbox.ru", MAIL}, {"infoseek.jp", MAIL},
	{"ipfs.io", PAGE}, {"is.gd", HIDE}, {"j.mp", HIDE}, {"jimdo.com", PAGE}, {"jimdofree.com", PAGE},
	{"jumpshare.com", DISK}, {"kakao.com", MAIL}, {"keybase.pub", PAGE}, {"koofr.net", DISK}, {"krakenfiles.com", DISK},
	{"laposte.net", MAIL}, {"libero.it", MAIL}, {"limewire.com", DISK}, {"linktr.ee", PAGE}, {"live.co.uk", MAIL},
	{"live.com", MAIL}, {"live.jp", MAIL}, {"lnk.bio", PAGE}, {"lnkd.in", HIDE}, {"mab.to", DISK}, {"mac.com", MAIL},
	{"mail.com", MAIL}, {"mail.goo.ne.jp", MAIL}, {"mail.ru", MAIL}, {"me.com", MAIL}, {"media.discordapp.net", DISK},
	{"mediafire.com", DISK}, {"mega.co.nz", DISK}, {"mega.io", DISK}, {"mega.nz", DISK}, {"msn.com", MAIL},
	{"mystrikingly.com", PAGE}, {"naver.com", MAIL}, {"netlify.app", PAGE}, {"nifty.com", MAIL}, {"notion.site", PAGE},
	{"nym.jp", HIDE}, {"onedrive.com", DISK}, {"onedrive.live.com", DISK}, {"onmicrosoft.com", PAGE}, {"orange.fr", MAIL},
	{"outlook.com", MAIL}, {"outlook.de", MAIL}, {"outlook.fr", MAIL}, {"outlook.jp", MAIL}, {"ow.ly", HIDE},
	{"pan.baidu.com", DISK}, {"pcloud.com", DISK}, {"pcloud.link", DISK}, {"pixeldrain.com", DISK}, {"proton.me", MAIL},
	{"protonmail.ch", MAIL}, {"protonmail.com", MAIL}, {"qfile.jp", DISK}, {"qq.com", MAIL}, {"qr.ae", HIDE},
	{"r.goope.jp", PAGE}, {"r2.cloudflarestorage.com", DISK | PAGE}, {"r2.dev", DISK | PAGE}, {"rapidgator.net", DISK},
	{"rb.gy", HIDE}, {"rebrand.ly", HIDE}, {"rediffmail.com", MAIL}, {"s.id", HIDE}, {"s3.amazonaws.com", DISK | PAGE},
	{"send-anywhere.com", DISK}, {"send.tresorit.com", DISK}, {"sendanywhe.re", DISK}, {"sendspace.com", DISK},
	{"sfr.fr", MAIL}, {"share.icloud.com", DISK}, {"sharepoint.com", DISK}, {"short.gy", HIDE}, {"shorturl.at", HIDE},
	{"sina.com", MAIL}, {"sites.google.com", PAGE}, {"smarturl.it", HIDE}, {"softbank.ne.jp", MAIL},
	{"storage.cloud.google.com", DISK | PAGE}, {"storage.googleapis.com", DISK | PAGE}, {"strikingly.com", PAGE},
	{"surl.li", HIDE}, {"swisstransfer.com", DISK}, {"sync.com", DISK}, {"t-online.de", MAIL}, {"t.cn", HIDE},
	{"t.co", HIDE}, {"t.ly", HIDE}, {"telegra.ph", PAGE}, {"terabox.com", DISK}, {"tiny.cc", HIDE}, {"tiny.one", HIDE},
	{"tinyurl.com", HIDE}, {"transfer.sh", DISK}, {"transfernow.net", DISK}, {"tresorit.com", DISK},
	{"tutanota.com", MAIL}, {"typeform.com", PAGE}, {"u.to", HIDE}, {"ufile.io", DISK}, {"uol.com.br", MAIL},
	{"uploadnow.io", DISK}, {"urlz.fr", HIDE}, {"ux.nu", HIDE}, {"v.gd", HIDE}, {"vercel.app", PAGE}, {"vo.la", HIDE},
	{"wasabisys.com", DISK | PAGE}, {"we.tl", DISK}, {"web.core.windows.net", DISK | PAGE}, {"web.de", MAIL},
	{"weebly.com", PAGE}, {"weeblysite.com", PAGE}, {"wetransfer.com", DISK}, {"windows.net", PAGE}, {"wixsite.com", PAGE},
	{"wordpress.com", PAGE}, {"workdrive.zoho.com", DISK}, {"workdrive.zohopublic.com", DISK}, {"workers.dev", PAGE},
	{"workupload.com", DISK}, {"wormhole.app", DISK}, {"www.icloud.com", DISK}, {"x.gd", HIDE}, {"xgf.nu", DISK},
	{"yadi.sk", DISK}, {"yahoo.ca", MAIL}, {"yahoo.co.in", MAIL}, {"yahoo.co.jp", MAIL}, {"yahoo.co.uk", MAIL},
	{"yahoo.com", MAIL}, {"yahoo.com.br", MAIL}, {"yahoo.de", MAIL}, {"yahoo.es", MAIL}, {"yahoo.fr", MAIL},
	{"yahoo.it", MAIL}, {"yandex.com", MAIL}, {"yandex.ru", MAIL}, {"ybb.ne.jp", MAIL}, {"ymail.com", MAIL},
	{"ymail.ne.jp", MAIL}, {"yolasite.com", PAGE}, {"zendesk.com", PAGE}, {"zippyshare.com", DISK}, {"zoho.com", MAIL},
	{"zohomail.com", MAIL},
};

/* Top-level domains with more abuse than use, by the yearly reports of registries and of Spamhaus; sorted. */
static const char *const cheap_tlds[] = {
	"agency", "autos", "bar", "beauty", "best", "bid", "boats", "bond", "buzz", "cam", "casa", "cf", "cfd", "click", "club",
	"cyou", "digital", "fit", "fun", "ga", "gq", "guru", "hair", "help", "homes", "host", "icu", "lat", "life", "link", "live",
	"loan", "lol", "ltd", "makeup", "men", "ml", "mom", "monster", "one", "online", "party", "pics", "pw", "quest", "racing",
	"rest", "review", "sbs", "shop", "site", "skin", "space", "store", "stream", "su", "support", "surf", "tk", "today", "top",
	"trade", "vip", "wang", "website", "win", "work", "world", "xin", "xyz", "yachts", "zone",
};

static int row_compare(const void *key, const void *row)
{
	return strcmp(key, ((const struct row *)row)->name);
}

static int word_compare(const void *key, const void *word)
{
	return strcmp(key, *(const char *const *)word);
}

unsigned host_list_find(const char *name)
{
	unsigned traits = 0;
	for (const char *at = name; at != NULL && *at != '\0';) {
		const struct row *row = bsearch(at, rows, ARRAY_LEN(rows), sizeof(rows[0]), row_compare);
		if (row != NULL)
			traits |= row->traits;
		at = strchr(at, '.');
		at = at == NULL ? NULL : at + 1;
	}
	/* A service's own mail hosts are no freemail: only the domain itself has addresses for anybody. */
	const struct row *own = name == NULL ? NULL : bsearch(name, rows, ARRAY_LEN(rows), sizeof(rows[0]), row_compare);
	return own == NULL ? traits & ~(unsigned)HOST_FREEMAIL : traits;
}

bool host_list_is_cheap_tld(const char *label)
{
	return bsearch(label, cheap_tlds, ARRAY_LEN(cheap_tlds), sizeof(cheap_tlds[0]), word_compare) != NULL;
}

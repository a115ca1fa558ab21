/*
 * Brands as a table: the words that name one, and its domains. A domain whose
 * own label is the brand's word belongs to it under any top-level domain that
 * is not cheap; others are listed. Words that are people's names or common
 * words (chase, apple, orange, target) stand only with what makes them a brand.
 */
#include "mail/brand.h"

#include <stdbool.h>
#include <string.h>

#include "mail/host.h"
#include "mail/lettering.h"

struct brand {
	const char *words; /* set apart by '|'; folded */
	const char *domains; /* set apart by spaces; "" where the words are enough */
};

static const struct brand brands[] = {
	{"paypal", "paypal-communication.com"},
	{"amazon|アマゾン|amazon prime", "amazonses.com media-amazon.com amazon-adsystem.com"},
	{"microsoft|office 365|office365|microsoft 365|outlook team|sharepoint|onedrive|microsoft teams|マイクロソフト",
		"office.com office365.com live.com outlook.com sharepoint.com windows.com microsoftonline.com onedrive.com msn.com "
		"hotmail.com"},
	{"apple id|apple support|apple store|icloud|itunes|apple pay|アップル", "apple.com"},
	{"google|gmail team|google drive|google play|youtube",
		"youtube.com gmail.com googlemail.com google.co.jp goo.gl google.com.br"},
	{"facebook|instagram|whatsapp|meta business", "facebookmail.com fb.com meta.com"},
	{"netflix", ""}, {"spotify", ""}, {"disney\xef\xbc\x8b|disney plus", "disneyplus.com"},
	{"linkedin", ""}, {"twitter", "x.com"}, {"tiktok", ""}, {"telegram", "t.me"}, {"dropbox", "dropboxmail.com"},
	{"docusign", "docusign.net"}, {"adobe", ""}, {"zoom", "zoom.us"}, {"wetransfer", ""}, {"godaddy", "secureserver.net"},
	{"dhl", "dhl.de"}, {"fedex", ""}, {"ups tracking|united parcel", "ups.com"}, {"usps", ""}, {"dpd", ""}, {"hermes parcel|evri",
		""},
	{"correios", ""}, {"la poste", "laposte.fr"}, {"royal mail", "royalmail.com"}, {"australia post|auspost", "auspost.com.au"},
	{"japan post|日本郵便", "japanpost.jp"}, {"ヤマト運輸|kuroneko", "kuronekoyamato.co.jp"}, {"佐川急便|sagawa", "sagawa-exp.co.jp"},
	{"metamask", "metamask.io"}, {"coinbase", ""}, {"binance", ""}, {"ledger live|ledger wallet", "ledger.com"}, {"trezor",
		"trezor.io"},
	{"trust wallet|trustwallet", ""}, {"blockchain wallet|blockchain com", "blockchain.com"}, {"kraken", ""}, {"crypto com",
		"crypto.com"},
	{"opensea", "opensea.io"}, {"uniswap", "uniswap.org"}, {"pancakeswap", ""}, {"bitpay", ""}, {"bitcoin", "bitcoin.org"},
	{"norton|nortonlifelock", "nortonlifelock.com gen.com"}, {"mcafee", ""}, {"geek squad", "geeksquad.com bestbuy.com"}, {"avast",
		""},
	{"bank of america", "bankofamerica.com"}, {"wells fargo", "wellsfargo.com"}, {"chase bank|jpmorgan", "chase.com jpmorgan.com"},
	{"citibank|citi bank", "citi.com"}, {"capital one", "capitalone.com"}, {"american express|amex",
		"americanexpress.com aexp.com"},
	{"hsbc", ""}, {"barclays", "barclays.co.uk barclaycard.co.uk"}, {"santander", ""}, {"itau|ita\xc3\xba", "itau-unibanco.com.br"},
	{"bradesco", ""}, {"caixa economica|caixa", "caixa.gov.br"}, {"banco do brasil", "bb.com.br"}, {"nubank", "nubank.com.br"},
	{"mercado livre|mercado libre|mercadopago", "mercadolivre.com.br mercadolibre.com"}, {"serasa", "serasaexperian.com.br"},
	{"sparkasse", "sparkasse.de"}, {"volksbank", "vr.de"}, {"deutsche bank", "db.com"}, {"commerzbank", ""}, {"postbank", ""},
	{"credit agricole", "ca.fr"}, {"bnp paribas", "bnpparibas.com"}, {"ing bank", "ing.com"}, {"rabobank", "rabobank.nl"}, {"bbva",
		""},
	{"caixabank", ""}, {"intesa", "intesasanpaolo.com"}, {"poste italiane", "poste.it"}, {"unicredit", ""}, {"commbank",
		"cba.com.au"},
	{"westpac", ""}, {"anz bank", "anz.com"}, {"nab bank", "nab.com.au"}, {"visa card", "visa.com"}, {"mastercard|マスターカード", ""},
	{"三井住友|smbc", "smbc-card.com vpass.ne.jp smfg.co.jp"}, {"三菱ufj|mufg", "bk.mufg.jp"}, {"みずほ|mizuho", "mizuhobank.co.jp"},
	{"楽天|rakuten", "rakuten-card.co.jp rakuten-bank.co.jp"}, {"ゆうちょ", "jp-bank.japanpost.jp"}, {"jcbカード|マイjcb|my jcb", "jcb.co.jp"},
	{"エポスカード", "eposcard.co.jp"}, {"イオンカード|aeon card", "aeon.co.jp"}, {"セゾンカード", "saisoncard.co.jp"}, {"paypay", "paypay.ne.jp"},
	{"メルカリ|mercari", "mercari.jp"}, {"えきねっと", "eki-net.com"}, {"etc利用照会", "etc-meisai.jp"}, {"国税庁", "nta.go.jp"},
	{"日本年金機構", "nenkin.go.jp"}, {"総務省", "soumu.go.jp"}, {"野村證券|野村証券", "nomura.co.jp"}, {"sbi証券", "sbisec.co.jp"},
	{"walmart", ""}, {"costco", ""}, {"home depot", "homedepot.com"}, {"lowes|lowe's", "lowes.com"}, {"best buy", "bestbuy.com"},
	{"ace hardware", "acehardware.com"}, {"harbor freight", "harborfreight.com"}, {"tractor supply", "tractorsupply.com"},
	{"dick's sporting|dicks sporting", "dickssportinggoods.com"}, {"sam's club|sams club", "samsclub.com"}, {"walgreens", ""},
		{"cvs", ""},
	{"target gift|target store", "target.com"}, {"starbucks", ""}, {"dunkin", "dunkindonuts.com"}, {"yeti", ""}, {"dewalt", ""},
	{"makita", ""}, {"milwaukee tool|milwaukee", "milwaukeetool.com"}, {"omaha steaks", "omahasteaks.com"}, {"kohls|kohl's",
		"kohls.com"},
	{"macys|macy's", "macys.com"}, {"marriott", ""}, {"southwest airlines", "southwest.com"}, {"delta airlines", "delta.com"},
	{"state farm", "statefarm.com"}, {"geico", ""}, {"aarp", ""}, {"medicare", "medicare.gov"}, {"irs", "irs.gov"}, {"hmrc",
		"gov.uk"},
	{"verizon", "vzw.com"}, {"t-mobile", "t-mobile.com"}, {"at&t", "att.com att.net"}, {"xfinity|comcast",
		"xfinity.com comcast.net"},
	{"vodafone", ""}, {"o2 online", "o2online.de"}, {"telstra", ""}, {"swisscom", ""}, {"orange bank", "orange.fr"},
		{"cash app|cashapp", "cash.app squareup.com"},
	{"venmo", ""}, {"zelle", "zellepay.com"}, {"western union", "westernunion.com"}, {"ebay", ""}, {"aliexpress|alibaba", ""},
		{"shein", ""},
	{"steam support|steam community", "steampowered.com"}, {"roblox", ""}, {"discord", ""}, {"booking com", "booking.com"},
		{"airbnb", ""},
	{"harley-davidson|harley davidson", "harley-davidson.com"}, {"mailchimp", ""}, {"cpanel", "cpanel.net"}, {"roundcube",
		"roundcube.net"},
	{"zimbra", ""}, {"webmail support|webmail team", ""}, {"yahoo support|yahoo mail", "yahoo.com yahoo.co.jp yahoo-inc.com"},
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/** Whether a word stands in a text for itself; words of Japanese need no space around them. */
static bool has_word(const char *text, const char *word, size_t length)
{
	for (const char *at = text; (at = strstr(at, word)) != NULL; at++) {
		bool is_ascii = (unsigned char)word[0] < 0x80;
		if (!is_ascii || ((at == text || !is_letter(at[-1])) && !is_letter(at[length])))
			return true;
	}
	return false;
}

/* The words of all brands by their first byte, made at first use: a text is looked through once, not once for each word. */
#define WORDS_MAX 320

struct word {
	const char *text; /* in brands[], ended by '|' or NUL */
	uint16_t length_bytes, brand;
	uint16_t next; /* of the same first byte, + 1; 0: none */
};

static struct word words[WORDS_MAX];
static uint16_t first_words[256]; /* + 1; 0: none */

static void words_index(void)
{
	size_t count = 0;
	for (size_t brand = ARRAY_LEN(brands); brand-- > 0;) { /* backwards: each goes to the front of its list */
		for (const char *at = brands[brand].words; *at != '\0';) {
			size_t length = strcspn(at, "|");
			ASSERT(count < WORDS_MAX);
			words[count] = (struct word){.text = at, .length_bytes = (uint16_t)length, .brand = (uint16_t)brand,
				.next = first_words[(unsigned char)*at]};
			first_words[(unsigned char)*at] = (uint16_t)++count;
			at += length + (at[length] == '|');
		}
	}
}

/** Words of Japanese need no space behind them. */
static bool is_word_at(const char *at, const struct word *word)
{
	return strncmp(at, word->text, word->length_bytes) == 0 && ((unsigned char)*at >= 0x80 || !is_letter(at[word->length_bytes]));
}

/** The first brand of the table that the text names. */
static size_t table_find(const char *folded)
{
	size_t found = BRAND_NONE;
	if (words[0].text == NULL)
		words_index();
	for (const char *at = folded; *at != '\0'; at++) {
		if (is_letter(*at) && at > folded && is_letter(at[-1]))
			continue;
		for (uint16_t next = first_words[(unsigned char)*at]; next != 0; next = words[next - 1].next) {
			const struct word *word = &words[next - 1];
			if (is_word_at(at, word) && word->brand < found)
				found = word->brand;
		}
	}
	return found;
}

/** Digits and signs that pass for letters, as the eye reads them in a word. */
static void letters_guess(char *text)
{
	static const char signs[] = "0134578$!|@", letters[] = "oleastbsila";
	for (char *at = text; *at != '\0'; at++) {
		const char *sign = strchr(signs, *at);
		if (sign != NULL)
			*at = letters[sign - signs];
	}
}

/** The skeleton of UTS 39 writes m as rn; taken back for ASCII words. */
static void skeleton_undo(char *text)
{
	char *to = text;
	for (const char *at = text; *at != '\0'; at++) {
		if (at[0] == 'r' && at[1] == 'n') {
			*to++ = 'm';
			at++;
		} else {
			*to++ = (char)(*at >= 'A' && *at <= 'Z' ? *at + ('a' - 'A') : *at);
		}
	}
	*to = '\0';
}

size_t brand_find(const char *text)
{
	char folded[LETTERING_BYTES];
	lettering_fold(text, folded);
	size_t brand = table_find(folded);
	if (brand == BRAND_NONE && !lettering_is_ascii(text)) {
		lettering_skeleton(text, folded);
		skeleton_undo(folded);
		brand = table_find(folded);
	}
	if (brand == BRAND_NONE) {
		letters_guess(folded);
		skeleton_undo(folded);
		brand = table_find(folded);
	}
	return brand;
}

size_t brand_find_label(const char *word)
{
	size_t brand = table_find(word);
	if (brand != BRAND_NONE)
		return brand;
	char guess[MAIL_HOST_BYTES];
	size_t length = strnlen(word, sizeof(guess) - 1);
	memcpy(guess, word, length);
	guess[length] = '\0';
	letters_guess(guess);
	return table_find(guess);
}

bool brand_owns(size_t brand, const char *registrable)
{
	const struct brand *row = &brands[brand];
	size_t length = strlen(registrable);
	if (length > 0 && has_word(row->domains, registrable, length))
		return true;
	char label[64];
	size_t label_length = strcspn(registrable, ".");
	const char *tld = strrchr(registrable, '.');
	if (label_length >= sizeof(label) || (tld != NULL && host_list_is_cheap_tld(tld + 1)))
		return false;
	memcpy(label, registrable, label_length);
	label[label_length] = '\0';
	for (const char *at = row->words; *at != '\0';) {
		size_t word = strcspn(at, "|");
		if (word == label_length && memcmp(at, label, word) == 0)
			return true;
		at += word + (at[word] == '|');
	}
	return false;
}

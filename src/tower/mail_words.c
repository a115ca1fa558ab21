/* A table. The mail process says the same in English with the hosts of the mail at hand; here it is the rule alone. */
#include "tower/mail_words.h"

#include <string.h>

static const struct {
	const char *rule;
	const char *words[2];
} rules[] = {
	{"address_in_name", {"the name shown holds another address", "表示名に別のアドレスが書かれている"}},
	{"answers_to_cheap_place", {"answers go to a domain that is mostly abused", "返信先が悪用の多いドメインである"}},
	{"borrowed_pictures", {"pictures are borrowed from a service that did not write", "名乗っていないサービスの画像を使っている"}},
	{"brand_host", {"a link names a service to which it does not belong", "リンク先が無関係のサービス名を含む"}},
	{"brand_name", {"the name shown is that of a service that did not write", "表示名が実在サービスを詐称している"}},
	{"brand_name_answer", {"poses as a service, and answers go elsewhere", "サービスを名乗り、返信先が別である"}},
	{"brand_sender", {"the sender's address names a service to which it does not belong", "差出人アドレスが無関係のサービス名を含む"}},
	{"brand_subject", {"the subject names a service that did not write", "件名が実在サービスを詐称している"}},
	{"calendar_from_stranger", {"an invitation by a sender whom we do not know", "面識のない差出人からの予定招待"}},
	{"cheap_place", {"a link leads to a domain that is mostly abused", "リンク先が悪用の多いドメインである"}},
	{"correspondent_elsewhere", {"a correspondent writes from an unusual place", "既知の相手が普段と異なる所から送信している"}},
	{"data_link", {"a link holds the page or program itself", "リンク自体にページやプログラムが埋め込まれている"}},
	{"disk_image", {"a disk image or help file is attached", "ディスクイメージ等が添付されている"}},
	{"double_extension", {"an attachment's name hides how it ends", "添付ファイルの拡張子が偽装されている"}},
	{"encrypted_from_stranger", {"an encrypted archive by a sender whom we do not know", "面識のない差出人からの暗号化書庫"}},
	{"free_page", {"a link leads where anybody may put a page", "リンク先が誰でもページを置ける所である"}},
	{"hidden_program", {"a program is hidden in an attachment", "添付ファイルにプログラムが隠されている"}},
	{"hidden_recipients", {"the recipients are hidden", "宛先が隠されている"}},
	{"hidden_target", {"a link hides where it leads", "リンク先が隠されている"}},
	{"host_as_name", {"the name shown is that of another host", "表示名が別のホスト名である"}},
	{"known_account_other_hand", {"a known account writes as it never did", "既知のアカウントだが作りが普段と異なる（乗っ取りの疑い）"}},
	{"known_address_refuted", {"a known address that its own domain refutes", "既知のアドレスだが認証に失敗している"}},
	{"known_name_confusable", {"a known person's name in letters that only look alike", "既知の人物名を紛らわしい文字で書いている"}},
	{"known_name_elsewhere_carrier",
		{"a known person's name from elsewhere, with something to open", "既知の人物名を別の所から名乗り、開かせる物がある"}},
	{"known_name_freemail", {"a known person's name at a free mailer", "既知の人物名をフリーメールから名乗っている"}},
	{"known_name_freemail_carrier",
		{"a known person's name at a free mailer, with something to open", "既知の人物名をフリーメールから名乗り、開かせる物がある"}},
	{"known_name_more", {"a known person's name, and more that does not fit", "既知の人物名だが他に不審な点がある"}},
	{"like_correspondent", {"a domain that looks like a correspondent's", "やり取りのある相手に似せたドメインである"}},
	{"lookalike_link", {"a link leads to a look-alike domain", "リンク先が似せたドメインである"}},
	{"lookalike_reply", {"answers go to a look-alike domain", "返信先が似せたドメインである"}},
	{"lookalike_sender", {"the sender's domain is a look-alike", "差出人が似せたドメインである"}},
	{"macro_for_the_first_time", {"macros for the first time from this sender", "この差出人から初めてマクロが届いた"}},
	{"macro_from_stranger", {"macros by a sender whom we do not know", "面識のない差出人からのマクロ"}},
	{"many_senders", {"more than one sender is given", "差出人が複数書かれている"}},
	{"mixed_script_host", {"a name joins letters of scripts that no language joins", "異なる文字体系を混ぜた紛らわしいホスト名"}},
	{"name_of_recipient", {"poses as the recipient's own organisation", "受信者自身の組織を名乗っている"}},
	{"near_correspondent", {"a domain a letter away from a known one", "取引のあるドメインと一文字違いである"}},
	{"no_sender", {"no sender can be read", "差出人を読み取れない"}},
	{"no_such_domain", {"the sender's domain cannot be answered", "差出人のドメインが返信できないものである"}},
	{"program_at_number", {"a program or archive at an IP address", "IP アドレス上のプログラムやアーカイブへのリンク"}},
	{"numbered_place", {"a link leads to a number and not to a name", "リンク先が名前でなく IP アドレスである"}},
	{"odd_letters", {"letters that only look like letters", "紛らわしい文字が使われている"}},
	{"office_leads_elsewhere", {"an office whose links lead elsewhere", "窓口を名乗り、リンク先が別である"}},
	{"office_of_nobody", {"an office of no organisation", "所属のない窓口を名乗っている"}},
	{"opener_then_carrier", {"a harmless opener, then something to open", "無害な前置きの後に開かせる物が届いた"}},
	{"own_domain_refuted", {"our own domain, which authentication refutes", "自組織のドメインだが認証に失敗している"}},
	{"page_password", {"an attached page asks for a password", "添付のページがパスワードを求めている"}},
	{"password_beside", {"an encrypted archive with its password beside it", "暗号化書庫とパスワードが同じメールにある"}},
	{"picture_alone", {"a picture to press and hardly any letters", "押させる画像だけで文字がほとんどない"}},
	{"program", {"a program, script or shortcut is attached", "プログラムやショートカットが添付されている"}},
	{"qr_code", {"a picture holds a link as a QR code", "画像に QR コードのリンクがある"}},
	{"random_sender", {"the sender's address was not made by a person", "差出人アドレスが機械的に作られている"}},
	{"remote_template", {"a document loads a part of itself from elsewhere", "文書が外部から一部を読み込む"}},
	{"reply_to_freemail", {"answers go to a free mailer", "返信先がフリーメールである"}},
	{"reply_to_takes_person", {"answers to a known person go elsewhere", "既知の人物への返信が別の所へ行く"}},
	{"sender_on_free_page", {"an office that writes from where anybody may", "誰でも使える所から窓口を名乗っている"}},
	{"shared_file", {"an office shares a file, and no link leads to itself", "窓口を名乗り、自身でない所でファイルを共有している"}},
	{"shows_other", {"a link shows another address than it leads to", "リンクの表示と行き先が異なる"}},
	{"shows_protected", {"a link shows a known address and leads elsewhere", "既知のアドレスを表示し、別の場所へ導くリンク"}},
	{"svg_script", {"a picture that runs a script", "スクリプトを実行する画像（SVG）"}},
	{"smuggling", {"a page puts a file together by itself", "ページがファイルを組み立てる（HTML スマグリング）"}},
	{"split_words", {"unseen signs stand within the words", "見えない文字が単語の中に挟まれている"}},
	{"stranger_freemail_carrier", {"a stranger at a free mailer, with something to open", "面識のないフリーメールから、開かせる物がある"}},
	{"thread_that_never_was", {"answers in a thread that we never began", "こちらが始めていないやり取りへの返信を装う"}},
	{"userinfo", {"a link shows a name before its true host", "リンクが本当のホストの前に別の名を見せている"}},
	{"words_of_lures", {"words as lures have them", "誘い文句が多い"}},
	/* where a finding gives no reason, its kind */
	{"hijacked_account", {"a known account behaves as it never did", "既知のアカウントの乗っ取りの疑い"}},
	{"impersonation", {"poses as a known person or domain", "既知の人物やドメインの詐称"}},
	{"payload", {"brings what does harm", "有害な物を運んでいる"}},
	{"phishing", {"poses as a service, or hides where links lead", "サービスの詐称、またはリンク先の隠蔽"}},
};

const char *mail_rule_words(const char *rule, enum incident_language language)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		if (strcmp(rules[i].rule, rule) == 0)
			return rules[i].words[language == INCIDENT_JAPANESE];
	}
	return rule;
}

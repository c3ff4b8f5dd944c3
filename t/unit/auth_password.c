/* Password texts: every scheme takes its password and no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "auth/password.h"

#define PW "correct horse"

/* Made by other programs (Python's hashlib and crypt), all for PW. */
static const struct {
	const char *text;
	bool slow;
} texts[] = {
    {"abhfCpXqd4GrI", false},
    {"$1$saltsalt$NuzA7WTAelpl95xgBGWN60", false},
    {"_1...salt8ha5CcUmX4E", true},
    {"$5$rounds=1000$saltsalt$R6e4P8ccT9iMqkYg7Z8YtpId/lfsIfnuPkp8WXposU8",
	true},
    {"$6$rounds=1000$saltsalt$4GMtaIz3E1AdDi2SmCokEW0ehi.HdxNDcL3fGE1XXuzvo6"
     "kbx7UOloZKONqEk5H3JrQA4NOfU8BmqFPrpGqwA1",
	true},
    {"$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e", true},
    {"$y$j75$saltsaltsaltsalt$IdM6tV9hsIYZkwcNItyWCsVO1t/QVCQfi.yVSuLjuZ5",
	true},
    {"{CRYPT}abhfCpXqd4GrI", false},
    {"{crypt}$1$saltsalt$NuzA7WTAelpl95xgBGWN60", false},
    {"{CRYPT}$2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e",
	true},
    {"{MD5}PLTnMmMfR+brlh80VUt83g==", false},
    {"{MD5RAW}3cb4e732631f47e6eb961f34554b7cde", false},
    {"{md5raw}3CB4E732631F47E6EB961F34554B7CDE", false},
    {"{SHA}L55TUjtiq8FBorTWAZ0jy6g129A=", false},
    {"{SHA256}QQTTb42iwlQ0n4WDZ5Pr4CngyVcGOjTJHC6SAxh7VjE=", false},
    {"{SHA512}VraY3v7bWkNbY0r+MyC7rz/c2SC2xQOkRvx7endrKY1HnRumqLYXgI6wv1ec6ald"
     "ZoNHvKtxSQhayTyyeZUZew==",
	false},
    {"{SSHA}LhKrkM9Fy+zlstjdD7Kv2s6QvhBzYWx0", false},
    {"{SSHA}VQysdTiIXUBoDr2TzYj0h8JUBdQxMjM0NTY3OA==", false},
};
#define TEXTS (sizeof(texts) / sizeof(texts[0]))

static void
every_scheme_takes_its_password(void **state)
{
	(void)state;
	for (size_t i = 0; i < TEXTS; i++) {
		if (password_verify(texts[i].text, PW) != 1)
			fail_msg("refused: %s", texts[i].text);
		assert_true(password_is_known(texts[i].text));
		if (password_is_slow(texts[i].text) != texts[i].slow)
			fail_msg("slow or not: %s", texts[i].text);
	}
}

static void
every_scheme_refuses_another_password(void **state)
{
	static const char *const wrong[] = {
	    "", "c", "Correct horse", "incorrect", "*0", "$1$"};

	(void)state;
	for (size_t i = 0; i < TEXTS; i++)
		for (size_t j = 0; j < sizeof(wrong) / sizeof(wrong[0]); j++)
			if (password_verify(texts[i].text, wrong[j]) != 0)
				fail_msg("%s: '%s'", texts[i].text, wrong[j]);
}

static void
a_changed_or_shortened_text_fits_nothing(void **state)
{
	char text[PASSWORD_TEXT];
	size_t len;

	(void)state;
	for (size_t i = 0; i < TEXTS; i++) {
		len = strlen(texts[i].text);
		strcpy(text, texts[i].text);
		/* A digit of the digest, wherever padding leaves one. */
		text[len - 4] = text[len - 4] == 'a' ? 'b' : 'a';
		if (password_verify(text, PW) != 0)
			fail_msg("changed: %s", text);
		for (size_t n = 0; n < len; n++) {
			strcpy(text, texts[i].text);
			text[n] = '\0';
			if (password_verify(text, PW) != 0)
				fail_msg("shortened: %s", text);
		}
	}
}

static void
a_text_that_no_password_fits_refuses_all(void **state)
{
	static const char *const none[] = {"", "!", "*", "x", "*0", "*1", "!!",
	    "!$1$saltsalt$NuzA7WTAelpl95xgBGWN60", "$", "$1", "$y$", "{",
	    "{MD5}", "{MD5}====", "{MD5RAW}", "{MD5RAW}3cb4e732631f47e6eb961f3",
	    "{MD5RAW}zcb4e732631f47e6eb961f34554b7cde",
	    "{MD5RAW}3cb4e732631f47e6eb961f34554b7cde00",
	    "{MD5}PLTnMmMfR+brlh80VUt83g", "{MD5}PLTnMmMfR+brlh80VUt83g===",
	    "{MD5}PLTnMmMfR+br lh80VUt83g=", "{SSHA}", "{SSHA}QUJD", "{PLAIN}",
	    "{PLAIN}" PW, "{CLEAR}" PW, "{CRYPT}", "{CRYPT}" PW, PW,
	    "{SHA}\xff\xff\xff\xff"};

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		if (password_verify(none[i], PW) != 0 ||
		    password_verify(none[i], "") != 0)
			fail_msg("taken: %s", none[i]);
	}
	assert_false(password_is_known("{PLAIN}x"));
	assert_false(password_is_known("{"));
	assert_false(password_is_known("{MD5"));
	assert_true(password_is_known("!"));
}

static void
a_salt_has_its_limit(void **state)
{
	char text[300] = "{SSHA}";

	(void)state;
	/* 20 + 64 bytes are 112 characters; with three more it is too long. */
	memset(text + 6, 'A', 112);
	assert_int_equal(password_verify(text, PW), 0);
	memset(text + 6, 'A', 288);
	assert_int_equal(password_verify(text, PW), 0);
}

static void
new_texts_fit_their_password(void **state)
{
	static const char *const names[] = {
	    NULL, "yescrypt", "sha512", "bcrypt", "sha256", "md5", "DES"};
	char a[PASSWORD_TEXT], b[PASSWORD_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(password_make(names[i], PW, a), 0);
		assert_int_equal(password_verify(a, PW), 1);
		assert_int_equal(password_verify(a, "another"), 0);
		assert_int_equal(password_make(names[i], PW, b), 0);
		/* DES has 4,096 salts: once in so many runs they are equal. */
		if (i < 6)
			assert_string_not_equal(a, b);
		assert_null(strpbrk(a, "|\t\n:"));
	}
	errno = 0;
	assert_int_equal(password_make("rot13", PW, a), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(password_make(NULL, "", a), -1);
}

static void
the_longest_password_of_crypt_has_its_edge(void **state)
{
	char pw[PASSWORD_MAX + 1], text[PASSWORD_TEXT];

	(void)state;
	memset(pw, 'p', sizeof(pw));
	pw[511] = '\0';
	assert_int_equal(password_make("md5", pw, text), 0);
	assert_int_equal(password_verify(text, pw), 1);
	pw[511] = 'p';
	pw[512] = '\0';
	assert_int_equal(password_make("md5", pw, text), -1);
	assert_int_equal(password_verify(text, pw), 0);
	pw[512] = 'p';
	pw[PASSWORD_MAX] = '\0';
	assert_int_equal(password_verify(text, pw), 0);
	assert_int_equal(
	    password_verify("{MD5}PLTnMmMfR+brlh80VUt83g==", pw), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_scheme_takes_its_password),
	    cmocka_unit_test(every_scheme_refuses_another_password),
	    cmocka_unit_test(a_changed_or_shortened_text_fits_nothing),
	    cmocka_unit_test(a_text_that_no_password_fits_refuses_all),
	    cmocka_unit_test(a_salt_has_its_limit),
	    cmocka_unit_test(new_texts_fit_their_password),
	    cmocka_unit_test(the_longest_password_of_crypt_has_its_edge),
	};

	password_warm();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

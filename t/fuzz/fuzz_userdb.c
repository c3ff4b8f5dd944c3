/*
 * A line of userdb, and the names and passwords that clients send in SASL: the
 * first byte says which. What is taken as a login is one.
 */
#include "auth/sasl.h"
#include "auth/userdb.h"
#include "t/fuzz/world.h"

static void
line(const uint8_t *data, size_t size)
{
	static const char *const fields[] = {
	    "uid", "gid", "home", "mail", "systempw", "options"};
	struct userdb_account account;
	const char *why = NULL;
	char value[PASSWORD_TEXT], *text;
	size_t i;
	int r;

	text = malloc(size + 1);
	MUST(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	r = userdb_parse(text, &account, &why);
	MUST(r != -1 || why != NULL);
	if (r == 1) {
		MUST(account.login[0] != '\0');
		(void)userdb_secret(&account, "imap", value);
		for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
			if (!userdb_field(account.fields, fields[i], value,
				sizeof(value)))
				MUST(value[0] == '\0');
		}
	}
	free(text);
}

static void
client(char kind, const uint8_t *data, size_t size)
{
	static const char *const mechanisms[] = {
	    "LOGIN", "PLAIN", "AUTH-LOGIN", "EXTERNAL"};
	struct sasl_input in = {.cert = true};
	struct sasl_login login;
	size_t cut = size == 0 ? 0 : data[0] % size;

	in.mechanism = mechanisms[(unsigned char)kind % 4];
	in.a = data;
	in.alen = cut;
	in.b = data + cut;
	in.blen = size - cut;
	if (sasl_read(&in, &login) == -1) {
		MUST(memchr(login.user, '\0', sizeof(login.user)) != NULL);
		return;
	}
	MUST(login.user[0] != '\0' &&
	     memchr(login.user, '\0', sizeof(login.user)) != NULL);
	MUST(memchr(login.password, '\0', sizeof(login.password)) != NULL);
	MUST(login.external || login.password[0] != '\0');
	(void)sasl_is_name(login.user);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] == 'u')
		line(data + 1, size - 1);
	else
		client((char)data[0], data + 1, size - 1);
	return 0;
}

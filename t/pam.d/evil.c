/*
 * A PAM module for the tests that misbehaves as its first argument says:
 *
 *	exit abort kill hang  ends the process, or never comes back
 *	garbage twice         writes to the pipe of the answer (descriptor 3)
 *	close                 closes every descriptor, then all is right
 *	fork                  leaves a grandchild behind that holds the pipe
 *	prompts               asks two thousand questions
 *	echo                  asks for the user's name; right if it gets it
 *	user=NAME             changes PAM_USER; all is right
 */
#include <security/pam_appl.h>
#include <security/pam_modules.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
ask(pam_handle_t *pam, int style, const char *want)
{
	const struct pam_message message = {style, "x"}, *messages = &message;
	struct pam_response *response = NULL;
	const struct pam_conv *conv = NULL;
	int r;

	r = pam_get_item(pam, PAM_CONV, (const void **)&conv);
	if (r != PAM_SUCCESS)
		return r;
	r = conv->conv(1, &messages, &response, conv->appdata_ptr);
	if (r == PAM_SUCCESS && want != NULL &&
	    (response->resp == NULL || strcmp(response->resp, want) != 0))
		r = PAM_AUTH_ERR;
	if (r == PAM_SUCCESS) {
		free(response->resp);
		free(response);
	}
	return r;
}

static int
fork_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)sleep(5);
		_exit(0);
	}
	return pid == -1 ? PAM_SYSTEM_ERR : PAM_SUCCESS;
}

static void
write_garbage(void)
{
	static char junk[2048];

	memset(junk, 'g', sizeof(junk));
	if (write(3, junk, sizeof(junk)) == -1)
		_exit(1);
}

int
pam_sm_authenticate(pam_handle_t *pam, int flags, int argc, const char **argv)
{
	const char *arg = argc > 0 ? argv[0] : "";
	const char *user = NULL;
	int r = PAM_SUCCESS;

	(void)flags;
	if (strcmp(arg, "exit") == 0)
		_exit(0);
	if (strcmp(arg, "abort") == 0)
		abort();
	if (strcmp(arg, "kill") == 0)
		(void)raise(SIGKILL);
	if (strcmp(arg, "hang") == 0)
		for (;;)
			(void)pause();
	if (strcmp(arg, "garbage") == 0) {
		write_garbage();
		_exit(0);
	}
	if (strcmp(arg, "twice") == 0)
		write_garbage();
	if (strcmp(arg, "close") == 0)
		for (int fd = 0; fd < 64; fd++)
			(void)close(fd);
	if (strcmp(arg, "fork") == 0)
		return fork_child();
	if (strcmp(arg, "prompts") == 0)
		for (int i = 0; i < 2000 && r == PAM_SUCCESS; i++)
			r = ask(pam, PAM_PROMPT_ECHO_OFF, NULL);
	if (strcmp(arg, "echo") == 0 &&
	    pam_get_user(pam, &user, NULL) == PAM_SUCCESS)
		r = ask(pam, PAM_PROMPT_ECHO_ON, user);
	if (strncmp(arg, "user=", 5) == 0)
		r = pam_set_item(pam, PAM_USER, arg + 5);
	return r;
}

int
pam_sm_setcred(pam_handle_t *pam, int flags, int argc, const char **argv)
{
	(void)pam;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_SUCCESS;
}

/*
 * without CALL... -- COMMAND...: runs the command as on a kernel that has not
 * got these system calls (ENOSYS; unshare: EPERM, as in a container).
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int call, i, error;

	if (ctx == NULL)
		return 99;
	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		call = seccomp_syscall_resolve_name(argv[i]);
		error = strcmp(argv[i], "unshare") == 0 ? EPERM : ENOSYS;
		if (call < 0 ||
		    seccomp_rule_add(
			ctx, SCMP_ACT_ERRNO((uint16_t)error), call, 0) != 0)
			return 99;
	}
	if (i + 1 >= argc) {
		fprintf(stderr, "usage: without CALL... -- COMMAND...\n");
		return 99;
	}
	/* Root's PAM keeps its rights. */
	if (geteuid() != 0)
		(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (seccomp_load(ctx) != 0)
		return 99;
	seccomp_release(ctx);
	execv(argv[i + 1], argv + i + 1);
	perror(argv[i + 1]);
	return 99;
}

/*
 * imapd-auth: the program that the master executes for the roles auth and pam.
 * Which of them, and all it needs to know, it finds in BOOT_FD_BOOT.
 */
#include <bsd/unistd.h>
#include <stdio.h>

#include "auth/auth.h"
#include "shm/log.h"

int
main(int argc, char **argv, char **envp)
{
	static struct boot boot;

	setproctitle_init(argc, argv, envp);
	if (boot_take(&boot) == -1) {
		(void)fprintf(stderr,
		    "imapd-auth: started by imapd-master, not by hand\n");
		return 1;
	}
	setproctitle("%s", boot_role_name((enum boot_role)boot.role));
	log_init(BOOT_FD_LOG, boot_role_name((enum boot_role)boot.role));
	switch (boot.role) {
	case BOOT_AUTH:
		return auth_main(&boot);
	case BOOT_PAM:
		return pam_main(&boot);
	default:
		log_fatal("role %u is not for this program", boot.role);
	}
}

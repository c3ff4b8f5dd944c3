/*
 * Courier's loginexec: a program that an admin puts into a Maildir, to be run
 * once by its owner at the next login (to convert the mailbox, for example).
 */
#ifndef MASTER_LOGINEXEC_H
#define MASTER_LOGINEXEC_H

#define LOGINEXEC_SECONDS 60

struct loginexec { /* what it finds in its environment; NULL: left out */
	const char *user, *home, *maildir, *options;
	unsigned seconds; /* then it and its children are killed */
};

/*
 * Runs the file loginexec of the directory rootfd, if there is an executable
 * one (regular, no symlink, its owner we or root), there, as we are, with no
 * descriptor but /dev/null, and removes it if it exits with 0. Waits for it.
 * Logs what came of it. Before the process is shut in; never with a client.
 */
void loginexec_run(int rootfd, const struct loginexec *);

#endif

/* imapctl post: tells the server that folders have changed. */
#ifndef MASTER_CTL_POST_H
#define MASTER_CTL_POST_H

/*
 * dirs: the directories of n folders. socket NULL: that of the environment
 * (IMAP_NOTIFYSOCKET), else the default. imapctl's exit status: 0; 1 if one
 * could not be opened or there is no server.
 */
int ctl_post(const char *socket, int n, char **dirs);

#endif

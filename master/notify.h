/*
 * Telling systemd how we are (sd_notify(3)), without its library; and the pid
 * file with its lock.
 */
#ifndef MASTER_NOTIFY_H
#define MASTER_NOTIFY_H

/* Sends state, as "READY=1", if systemd asked for it. */
void notify_systemd(const char *state);

/*
 * Locks PIDFILE.lock (as Courier does: held while we live). The descriptor, or
 * -1 with errno; EAGAIN: another server holds it. The folder around it is made
 * if it is missing, not those above.
 */
int pidfile_lock(const char *pidfile);
/*
 * Writes our pid into it, as a new file renamed into place; 0 or -1. The folder
 * is made as by pidfile_lock.
 */
int pidfile_write(const char *pidfile);
/* The same, but EEXIST where another living process's pid is in it. */
int pidfile_also(const char *pidfile);
/* Removes it if our pid is in it. */
void pidfile_remove(const char *pidfile);

#endif

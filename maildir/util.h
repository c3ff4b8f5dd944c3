/*
 * Small helpers over system calls: whole files in, whole files out and durable.
 */
#ifndef MAILDIR_UTIL_H
#define MAILDIR_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#define UTIL_TEMP_MAX 96 /* bytes of a temporary file's path, NUL included */

/* What tells whether a directory or a control file was changed. */
struct stamp {
	uint64_t dev, ino, size;
	struct timespec mtime, ctime;
};

void stamp_of(const struct stat *, struct stamp *);
bool stamp_equal(const struct stamp *, const struct stamp *);

/* Writes all of p[n], over EINTR and short writes. 0 or -1. */
int util_write(int fd, const void *p, size_t n);
/* The same at an offset. */
int util_pwrite(int fd, const void *p, size_t n, off_t);
/* Reads n bytes at an offset, less only at the end of the file; or -1. */
ssize_t util_pread(int fd, void *p, size_t n, off_t);
/* close and unlinkat on the way out of a failure: errno stays as it was. */
void util_close(int fd);
void util_unlink(int dirfd, const char *name);
/* fsync over EINTR. 0 or -1; a failed one is never to be tried again. */
int util_fsync(int fd);
int util_fdatasync(int fd);
/*
 * Opens a regular file for reading: no symlink (ELOOP), never blocking on a
 * FIFO; EINVAL if it is something else. The descriptor, its stat in *st.
 */
int util_open_regular(int dirfd, const char *name, struct stat *st);
/*
 * Reads a whole regular file of at most max bytes (EFBIG) into memory of its
 * own, with a NUL behind it. *out and *n untouched on failure. 0 or -1.
 */
int util_read_file(
    int dirfd, const char *name, size_t max, char **out, size_t *n);
/*
 * Replaces the control file name in dirfd by p[n], all or nothing and durable:
 * a new file in dirfd/tmp (or in dirfd where there is no tmp) is written and
 * fsynced, renamed over it, and dirfd fsynced. Mode 0666 less the process's
 * umask. 0 or -1, then the old file is there untouched.
 */
int util_replace_file(int dirfd, const char *name, const void *p, size_t n);
/*
 * Writes p[n] into a new file in dirfd/tmp (or in dirfd where there is no tmp)
 * and fsyncs it; name gets its path below dirfd, to be renamed from there. 0 or
 * -1, then nothing is left.
 */
int util_write_temp(
    int dirfd, const void *p, size_t n, char name[static UTIL_TEMP_MAX]);
/*
 * Keeps a broken control file under another name: "AS.broken.TIME", which is
 * written to aside. The file itself stays, to be replaced. 0 or -1.
 */
int util_set_aside(
    int dirfd, const char *name, const char *as, char *aside, size_t);
/*
 * Opens a subdirectory for reading, no symlink. If it is missing and make is
 * true it is made, mode 0700. The descriptor, or -1.
 */
int util_open_dir(int dirfd, const char *name, bool make);
/* A name not used before by any process here: "TIME.M...P...", for temporary
 * and set-aside files. Fits 80 bytes. */
void util_temp_name(char *, size_t);

#endif

/*
 * Who idles on which folder, and the board: sessions post through their worker,
 * and hear CHANGED from it. A folder is a device and inode number that a
 * session told: never a right, a lie costs a useless look.
 */
#ifndef NET_NOTICE_H
#define NET_NOTICE_H

#include "worker/net/lease.h"

/* Folders that a session posts at once, beside its last, and ms for each more.
 */
#define NOTICE_BURST 512u
#define NOTICE_STEP  50u

struct folder {
	RB_ENTRY(folder) byslot;
	uint32_t slot;
	uint64_t dev, ino, stamp;
	uint8_t account[16];  /* whose sessions say that it is this folder */
	uint64_t number;      /* watch knows it by this */
	int fds[IPC_FDS_MAX]; /* for a watch process that was restarted */
	int nfds;
	unsigned sent; /* WATCHes sent to the watch process */
	struct lease_list watching;
	struct parked_list parked; /* and those who wait to be served */
	unsigned followers; /* clients that hear of it by their account */
};

int folder_compare(const struct folder *, const struct folder *);
RB_PROTOTYPE(folder_tree, folder, byslot, folder_compare)

/* POST, WATCH, UNWATCH from a session; -1: malformed. */
int notice_post(struct worker *, struct lease *, struct ipc_msg *);
int notice_watch(struct worker *, struct lease *, struct ipc_msg *);
int notice_unwatch(struct worker *, struct lease *, struct ipc_msg *);
/* It idles no more; nothing if it did not. */
void notice_leave(struct worker *, struct lease *);
/* A parked client of a folder that somebody here watches already. */
void notice_join(struct folder *, struct parked *);
/* It does no more; nothing if it did not. */
void notice_part(struct worker *, struct parked *);
/*
 * One more follower of the account's folder (device and inode number) with
 * these descriptors (taken), or one less. NULL: out of memory.
 */
struct folder *notice_follow(struct worker *, const struct account *,
    const uint64_t id[2], uint64_t stamp, struct ipc_msg *);
void notice_unfollow(struct worker *, struct folder *);
/* The worker's bell rang: CHANGED to all that watch a stirred folder. */
void notice_bell(struct worker *);
/* A new watch process: it hears of every folder. */
void notice_again(struct worker *);
/* WATCH for the folder of this number, if it is still watched. 0; -1: no room.
 */
int notice_tell(struct worker *, uint64_t number, uint64_t slot);

#endif

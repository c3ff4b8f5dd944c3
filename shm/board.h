/*
 * The bulletin board: a fixed array of change counters in POSIX shared memory,
 * mapped by workers and watch. A notice-board, not a ledger: a lie on it may
 * cost a wake-up, never a right and never a message.
 *
 * Writer: fact on disk, then counter, then bell. Sleeper: enter the mask once,
 * then for ever hush, look, wait.
 */
#ifndef SHM_BOARD_H
#define SHM_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct board;

/* Slots for so many connections: four each, 65,536 at least, a power of 2. */
uint32_t board_slots(uint32_t maxdaemons);
/* Shared memory for a board, its name unlinked at once; fd or -1 with errno. */
int board_create(uint32_t slots);
/*
 * Maps it (fd stays the caller's). NULL with errno: EPROTO if size and header
 * do not fit. Unmap with board_unmap. key: struct boot's board_key.
 */
struct board *board_map(int fd, const uint64_t key[2]);
void board_unmap(struct board *);

/*
 * Set in dev, where no device number has a bit: the slot of an account, for
 * NOTIFY. ino and the rest of dev are those of its Maildir's root.
 */
#define BOARD_ACCOUNT (UINT64_C(1) << 63)

/* The slot of a folder: device and inode number of its directory. */
uint32_t board_slot(const struct board *, uint64_t dev, uint64_t ino);
uint64_t board_counter(const struct board *, uint32_t slot);
/* Stamp of the last post: lets watch keep quiet about what a session told. */
uint64_t board_stamp(const struct board *, uint32_t slot);

/* A worker begins: clear its bit in every slot, its dirty bits, its bell. */
void board_begin(struct board *, unsigned worker);
/* Its first client at a slot came; its last one left. */
void board_enter(struct board *, uint32_t slot, unsigned worker);
void board_leave(struct board *, uint32_t slot, unsigned worker);
/*
 * The fact is on disk: raise the counter, mark the slot for each worker in its
 * mask, ring the bells (BOOT_WORKERS eventfds) of those not already awake.
 */
void board_post(
    struct board *, uint32_t slot, uint64_t stamp, const int *bells);
/*
 * A poster has died, perhaps with a flag raised and the bell not rung, which
 * would keep all later posters from ringing: every worker looks.
 */
void board_ring(const int *bells);
/*
 * Worker, after its bell: hush it, then take the dirty slots, up to max of
 * them into slots[]. Call until it returns 0: only then may it wait again.
 */
size_t board_take(
    struct board *, unsigned worker, int bell, uint32_t *slots, size_t max);

/*
 * Hash of the stamps of a folder's new, cur and courierimapkeywords (open
 * descriptors; -1: absent), made as mailbox_stamp in maildir/maildir.h.
 */
uint64_t board_stamp_dirs(const int fds[3]);
/* The same of what stat said of them; zeros: absent. */
uint64_t board_stamp_stats(const struct stat st[3]);

#endif

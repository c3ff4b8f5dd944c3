/*
 * The messages between our processes: one list from which types, names, rights
 * and size bounds are made, a frame, and typed cursors to fill and to read it.
 * A channel is a SOCK_SEQPACKET socketpair; one datagram is one message. Who a
 * peer is follows from the socket, never from a field.
 */
#ifndef SHM_IPC_H
#define SHM_IPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/boot.h"
#include "shm/ipc_words.h"

#define IPC_VERSION      6      /* said in HELLO; another one is refused */
#define IPC_BODY_MAX     73728u /* bytes of the largest body (SERVE) */
#define IPC_FDS_MAX      3      /* descriptors with one message */
#define IPC_RECORD_MAX   49152u /* bytes of a parked client's state */
#define IPC_SAID_MAX     8192u  /* bytes that were told, with PARK */
#define IPC_RESUME_INPUT 16384u /* bytes read while it was parked */
#define IPC_OFFER_MAX    (IPC_RECORD_MAX + 12288u)
#define IPC_MOVE_MOST    16 /* clients that one worker offers at a time */
/* Of a parked client's state (its first byte): worker/imap/park_record.h. */
#define IPC_RECORD_VERSION 2

/*
 * X(NAME, from, to, descriptors, largest body). Roles are of enum boot_role
 * without the prefix; ANY stands for every role. Fields, in order; "str" and
 * "bytes" are a 32-bit length and that many bytes:
 *
 * HELLO     u32 IPC_VERSION, u32 role                      once, the first
 * PEER      u32 role, u32 number, u64 incarnation; fd: a channel to that peer
 *           (new or restarted)
 * SETTINGS  ; fd: memfd with a struct boot                 after a reload
 * CERTS     u32 tell (1: log them); fd: memfd, see worker/net/bundle.h
 * CERTS_OK  u32 ok, str reason                             answer to CERTS
 * KEY       32 bytes: the ticket key; to a spawner 32 more: that of the
 *           generation before, if it drains
 * TICKETS   160 bytes: two TLS ticket keys, in use and before
 * NOTE      u64 conn, u32 state (IPC_NOTE_*), u64 received, u64 sent, str
 *           folder, str device ("": as before): for the connection table
 * TABLE     u32 worker, u32 retired (1: it takes no new clients); fd: its
 *           connection table, to itself, and for reading to an administrator
 * KICK      u64 conn (0: by user), str user       end these; auth: may not stay
 * NOTBEFORE str user, u64 time (CLOCK_REALTIME, s) tickets of this account that
 *           were sealed up to then are void
 * WHO       ; asks for all tables, then DONE
 * DONE      u32 errno, u64 started (CLOCK_REALTIME, s), u32 clients and u32
 *           MAXDAEMONS of PORT, the same of SSLPORT
 * LOCAL     ; fd: the local notify socket, see shm/stir.h
 * STOP      u32 fast (1: close now), u32 seconds
 * BLAME     u32 number, u64 incarnation           end this worker: it is evil
 * CLIENT    u64 conn, u32 listener (0 PORT, 1 SSLPORT), u32 flags
 *           (IPC_CLIENT_*), str peer address, u32 peer port, str local
 *           address, u32 local port, str refusal (for _REFUSE); fd: the socket
 * EVICT     u64 conn       drop it for a newcomer, unless it has logged in
 * NAMED     u64 conn, 16 bytes address, u32 peer port, u32 local port: what a
 *           balancer told of a client with _PROXY
 * ADMITTED  u64 conn, u32 flags (_REFUSE, _TRUST, _EXTRA), str refusal
 * CLOSED    u64 conn                         its client and socket are gone
 * LOGGEDIN  u64 conn                         counts no more as unauthenticated
 * ASK       u64 conn, u32 flags (IPC_ASK_*), str service, str peer address,
 *           u32 local port, str mechanism (LOGIN, PLAIN, AUTH-LOGIN, EXTERNAL),
 *           str claimed client address ("" if none), bytes a, bytes b
 *           (LOGIN: user and password; PLAIN: decoded response in a;
 *           AUTH-LOGIN: decoded user in a, decoded password in b;
 *           EXTERNAL: authorization id in a, certificate's name in b)
 * FORGET    u64 conn                              the client has gone meanwhile
 * YES       u64 conn, str user (for log lines), bytes ticket
 * NO        u64 conn, u32 why (IPC_NO_*), str user (for log lines)
 * QUESTION, ANSWER: structs of auth/pam.h
 * START     u64 conn, u32 flags (IPC_START_*), bytes ticket; fd: the session's
 *           end of a fresh control channel, if _NEW; else this client is only
 *           counted, a session that the worker has will serve it
 * STARTED   u64 conn
 * REFUSED   u64 conn, u32 why (IPC_REFUSED_*), u32 count, u32 limit
 * ENDED     u64 conn                              the client of START has gone
 * YIELD     u64 conn: give up its place if it is parked (ENDED); else KEPT
 * FULL      u64 1: no more clients, it nears RLIMIT_NOFILE; 0: it has room
 * FORK      u64 serial of the spare; fd: its end of its channel to the spawner
 * BECOME    struct owner as bytes (auth/ticket.h); fd: the control channel
 * DIED      u32 pid, u32 status, u64 serial       a spare or session was reaped
 * SERVE     u64 conn, u32 flags (IPC_SERVE_*), str tag, str user, str peer
 *           address, u32 peer port, u32 local port, bytes input already read;
 *           fd: the stream. The first on a fresh channel follows BECOME.
 * END       u64 conn, u32 why (IPC_END_*), u64 header bytes, u64 body bytes,
 *           u64 received, u64 sent          the session is done with the client
 * LEAVE     ; the session reads nothing more: whom it has not given back by END
 *           or PARK, it has not touched
 * POST      u64 dev, u64 ino, u64 stamp           this folder has changed
 * WATCH     u64 dev, u64 ino, u64 stamp; fds: new, cur, courierimapkeywords (an
 *           account, BOARD_ACCOUNT: its Maildir's root). From a session: it
 *           waits there, one at a time. From a worker, which has a client
 *           there: and u64 number, by which it ends this
 * GO        u64 dev, u64 ino                      mask entered, now look once
 *           more; to WISH: both 0, nothing is on its way, PARK or STAY
 * UNWATCH   u64 dev, u64 ino; from a worker: u64 number
 * CHANGED   u64 dev, u64 ino                      look at the folder
 * FOLLOW    u32 first (1: none of those before), u64 dev, u64 ino, u64 stamp;
 *           fds: new, cur, courierimapkeywords. The client wants to hear of
 *           this folder through its account's slot; no fds: of none
 * SHUTDOWN  u32 why (IPC_SHUTDOWN_*)              say BYE and END
 * WISH      u64 conn, u64 read, u64 written       the client is quiet; so many
 *           bytes of its stream since SERVE or RESUME
 * STAY      u64 conn                              to WISH: bytes are on their
 *           way, not now; from a session: it goes on after all
 * PARK      u64 conn, u32 flags (IPC_PARK_*), u64 dev, u64 ino (the folder
 *           whose news it waits for, 0: none), u32 heard (CHANGED since the
 *           last WATCH), u32 bad (commands in a row), u32 quiet (s since the
 *           client's last byte), u64 header bytes, u64 body bytes, u64 read,
 *           u64 written (as WISH), str tag (of its IDLE, "": none), bytes
 *           record (worker/imap/park_record.h; the worker only keeps it), u32
 *           likewise (1: who waits for news with the record that this one came
 *           with has to hear the same), bytes said (all that it was told)
 * RESUME    u64 conn, u32 flags (IPC_SERVE_*, IPC_RESUME_*), str peer address,
 *           u32 peer port, u32 bad, u64 counter (the board's, of its folder; 0:
 *           none), str tag, bytes record, bytes input already read; fd: the
 *           stream. Served in their order, each to its PARK or END.
 * WANTED    ; other clients of the account wait: park early
 * COMPRESS  u64 conn, bytes read and not used; fd: the stream. The OK has been
 *           written, nothing more is read or written until STREAM
 * STREAM    u64 conn; fd: the stream from now on; none: the client is lost
 * MOVE      u32 version of the records that the new generation's sessions take:
 *           from now on offer parked clients
 * OFFER     u64 conn, bytes ticket, str user, u32 listener, str peer address,
 *           u32 peer port, str local address, u32 local port, u32 waits (1:
 *           news of a folder), u64 since (CLOCK_REALTIME, s), u64 in, u64 out
 *           (as in the connection table), u64 login and u64 deadline
 *           (CLOCK_MONOTONIC, ms), u64 header bytes, u64 body bytes, u64
 *           received, u64 sent, str device, str folder, u32 flags
 *           (IPC_PARK_*), u32 bad, str tag, bytes record (as PARK); fd: the
 *           socket. At most IPC_MOVE_MOST wait for their MOVED
 * HEIR      u64 conn, u32 from, u64 incarnation, u32 to, u64 incarnation: a
 *           worker of the generation before has offered it, to is its heir
 * INHERIT   as OFFER, from the master to the heir
 * RESEAL    u64 conn, bytes ticket of the generation before: for the heir
 * RESEALED  u64 conn, str user, bytes ticket (none: refused)
 * SETTLED   u64 conn: the heir has it parked or with a session
 * MOVED     u64 conn, u32 taken (0: it stays), to who has offered it
 */
#define IPC_LIST(X)                                                            \
	X(HELLO, ANY, MASTER, 0, 64)                                           \
	X(PEER, MASTER, ANY, 1, 64)                                            \
	X(SETTINGS, MASTER, ANY, 1, 64)                                        \
	X(CERTS, MASTER, WORKER, 1, 64)                                        \
	X(CERTS_OK, WORKER, MASTER, 0, 2048)                                   \
	X(KEY, MASTER, ANY, 0, 128)                                            \
	X(TICKETS, MASTER, WORKER, 0, 192)                                     \
	X(STOP, MASTER, ANY, 0, 64)                                            \
	X(BLAME, ANY, MASTER, 0, 64)                                           \
	X(CLIENT, MASTER, WORKER, 1, 1024)                                     \
	X(EVICT, MASTER, WORKER, 0, 64)                                        \
	X(NAMED, WORKER, MASTER, 0, 64)                                        \
	X(ADMITTED, MASTER, WORKER, 0, 512)                                    \
	X(CLOSED, WORKER, MASTER, 0, 64)                                       \
	X(LOGGEDIN, WORKER, MASTER, 0, 64)                                     \
	X(ASK, WORKER, AUTH, 0, 20480)                                         \
	X(FORGET, WORKER, AUTH, 0, 64)                                         \
	X(YES, AUTH, WORKER, 0, 16384)                                         \
	X(NO, AUTH, WORKER, 0, 2048)                                           \
	X(QUESTION, AUTH, PAM, 0, 4096)                                        \
	X(ANSWER, PAM, AUTH, 0, 2048)                                          \
	X(START, WORKER, SPAWNER, 1, 16384)                                    \
	X(STARTED, SPAWNER, WORKER, 0, 64)                                     \
	X(REFUSED, SPAWNER, WORKER, 0, 64)                                     \
	X(ENDED, WORKER, SPAWNER, 0, 64)                                       \
	X(FORK, SPAWNER, TEMPLATE, 1, 64)                                      \
	X(BECOME, SPAWNER, SESSION, 1, 16384)                                  \
	X(DIED, TEMPLATE, SPAWNER, 0, 64)                                      \
	X(SERVE, WORKER, SESSION, 1, IPC_BODY_MAX)                             \
	X(END, SESSION, WORKER, 0, 128)                                        \
	X(LEAVE, SESSION, WORKER, 0, 64)                                       \
	X(POST, SESSION, WORKER, 0, 64)                                        \
	X(WATCH, ANY, ANY, 3, 64)                                              \
	X(GO, WORKER, SESSION, 0, 64)                                          \
	X(UNWATCH, ANY, ANY, 0, 64)                                            \
	X(CHANGED, WORKER, SESSION, 0, 64)                                     \
	X(SHUTDOWN, WORKER, SESSION, 0, 64)                                    \
	X(WISH, SESSION, WORKER, 0, 64)                                        \
	X(STAY, ANY, ANY, 0, 64)                                               \
	X(PARK, SESSION, WORKER, 0, IPC_RECORD_MAX + IPC_SAID_MAX + 2048)      \
	X(RESUME, WORKER, SESSION, 1,                                          \
	    IPC_RECORD_MAX + IPC_RESUME_INPUT + 2048)                          \
	X(WANTED, WORKER, SESSION, 0, 64)                                      \
	X(COMPRESS, SESSION, WORKER, 1, IPC_BODY_MAX)                          \
	X(STREAM, WORKER, SESSION, 1, 64)                                      \
	X(LOCAL, MASTER, WATCH, 1, 64)                                         \
	X(FOLLOW, SESSION, WORKER, 3, 64)                                      \
	X(NOTE, SESSION, WORKER, 0, 640)                                       \
	X(TABLE, MASTER, ANY, 1, 64)                                           \
	X(KICK, ANY, ANY, 0, 512)                                              \
	X(NOTBEFORE, MASTER, SPAWNER, 0, 512)                                  \
	X(WHO, ADMIN, MASTER, 0, 64)                                           \
	X(DONE, MASTER, ADMIN, 0, 64)                                          \
	X(YIELD, SPAWNER, WORKER, 0, 64)                                       \
	X(KEPT, WORKER, SPAWNER, 0, 64)                                        \
	X(FULL, WORKER, MASTER, 0, 64)                                         \
	X(MOVE, MASTER, WORKER, 0, 64)                                         \
	X(OFFER, WORKER, MASTER, 1, IPC_OFFER_MAX)                             \
	X(HEIR, MASTER, SPAWNER, 0, 64)                                        \
	X(INHERIT, MASTER, WORKER, 1, IPC_OFFER_MAX)                           \
	X(RESEAL, WORKER, SPAWNER, 0, 16384)                                   \
	X(RESEALED, SPAWNER, WORKER, 0, 16384)                                 \
	X(SETTLED, WORKER, MASTER, 0, 64)                                      \
	X(MOVED, MASTER, WORKER, 0, 64)

#define IPC_ENUM(name, from, to, fds, max) IPC_##name,
enum ipc_type {
	IPC_NONE,
	IPC_LIST(IPC_ENUM) IPC_TYPES
};

struct ipc_msg { /* one received message; body lent until the next receive */
	enum ipc_type type;
	size_t len;
	const uint8_t *body;
	int nfds;
	int fds[IPC_FDS_MAX]; /* owned: taken with ipc_take_fd or closed */
};

struct ipc_put { /* a message under construction */
	enum ipc_type type;
	bool failed;
	size_t len;
	uint8_t *body; /* IPC_BODY_MAX bytes, static in ipc.c: one at a time */
};

struct ipc_get { /* reading a body: fails for good at the first lie */
	const uint8_t *p, *end;
	bool failed;
};
/* The name of a type for the log, "?" for a number that is none. */
const char *ipc_name(unsigned type);
/* A SEQPACKET pair, close-on-exec; 0, or -1 with errno. */
int ipc_pair(int fds[2]);

/* Begin a message. A process builds one message at a time. */
void ipc_begin(struct ipc_put *, enum ipc_type);
void ipc_put_u32(struct ipc_put *, uint32_t);
void ipc_put_u64(struct ipc_put *, uint64_t);
void ipc_put_bytes(struct ipc_put *, const void *, size_t);
void ipc_put_str(struct ipc_put *, const char *);
/*
 * Send it with nfds descriptors, which stay the caller's. 0; -1 with errno:
 * EMSGSIZE (larger than the list allows), EAGAIN (never waits), EPIPE or
 * ECONNRESET (the peer is gone).
 */
int ipc_send(int channel, struct ipc_put *, const int *fds, int nfds);
/*
 * As ipc_send, but waits up to ms milliseconds for room; ETIMEDOUT. Room, too,
 * for descriptors: of all that a user has sent and nobody has taken yet no more
 * may be under way than RLIMIT_NOFILE (unix(7), ETOOMANYREFS).
 */
int ipc_send_wait(
    int channel, struct ipc_put *, const int *fds, int nfds, int ms);

/*
 * Tells the master that a worker sent what it must not: it will be killed. For
 * a servant that has dropped the worker's channel. Never waits.
 */
void ipc_blame(int master, uint32_t number, uint64_t incarnation);

/*
 * Receive one message as role "me" from a peer of role "from"; never waits.
 * 1: *msg is filled, it was in the list for these two roles, within its size
 * and with no more descriptors than it may have. 0: the peer has gone. -1 with
 * errno: EAGAIN, or EPROTO for a message that the list forbids (its
 * descriptors are closed; the caller drops this peer and lives on). After
 * EPROTO msg->type and the body stay readable until the next call.
 * Descriptors of the previous message that were not taken are closed.
 */
int ipc_recv(
    int channel, enum boot_role me, enum boot_role from, struct ipc_msg *msg);
/*
 * Sends a received message on as another one with the same body; descriptors
 * stay the message's. As ipc_send.
 */
int ipc_forward(int channel, enum ipc_type, const struct ipc_msg *);
/* The i-th descriptor, now the caller's, or -1 if there is none. */
int ipc_take_fd(struct ipc_msg *, int i);
/* Closes what was not taken. */
void ipc_drop(struct ipc_msg *);
/* Overwrites what the last message sent and the last received left behind. */
void ipc_wipe(void);

void ipc_open(struct ipc_get *, const struct ipc_msg *);
uint32_t ipc_get_u32(struct ipc_get *);
uint64_t ipc_get_u64(struct ipc_get *);
/* Lends n bytes inside the message; NULL and *n = 0 after a failure. */
const uint8_t *ipc_get_bytes(struct ipc_get *, size_t *n, size_t max);
/* Copies a string without NUL inside into buf[size], always terminated. */
void ipc_get_str(struct ipc_get *, char *buf, size_t size);
/* 0 if nothing failed and nothing is left over, else -1. */
int ipc_done(const struct ipc_get *);

#endif

/*
 * One connection: its bytes in and out, its state, its end. Which state may
 * follow which is a table in client.c; client_enter is the only setter.
 */
#ifndef NET_CLIENT_H
#define NET_CLIENT_H

#include <stdint.h>

#include "shm/limits.h"
#include "worker/net/net.h"
#include "worker/net/tls.h"

enum client_state {
	CLIENT_BORN,
	CLIENT_BEHIND,    /* a balancer's header comes first */
	CLIENT_NAMED,     /* ... and the master decides about its address */
	CLIENT_HANDSHAKE, /* TLS */
	CLIENT_COMMAND,   /* before login, a command comes next */
	CLIENT_SASL,      /* a SASL response comes next */
	CLIENT_ASKED,     /* auth thinks */
	CLIENT_STARTING,  /* the spawner makes a session */
	CLIENT_SERVED,    /* a session has it, or has it next */
	CLIENT_PARKED,    /* quiet: no session has it */
	CLIENT_WAKING,    /* parked, and waits for a session */
	CLIENT_MOVING,    /* parked, and offered to a new worker */
	CLIENT_INHERITED, /* of an old worker, its ticket is being sealed */
	CLIENT_CLOSING,   /* the last bytes are on their way */
	CLIENT_FLUSHED,   /* all said: shut down, waits for the client's end */
	CLIENT_GONE,      /* closed; freed when the tick ends */
	CLIENT_STATES
};

struct deflate; /* COMPRESS: deflate.h */
struct gate;    /* what is known before login: gate.h */
struct relay;   /* TLS to and from a session: relay.h */

struct client {
	struct source src; /* the socket */
	enum client_state state;
	uint32_t flags; /* IPC_CLIENT_* */
	uint64_t conn;
	RB_ENTRY(client) byconn;
	TAILQ_ENTRY(client) early, again;
	uint32_t place; /* in the connection table, + 1; 0: none (roster.h) */
	bool is_early, is_again;
	bool eof;        /* it sends nothing more */
	bool tls_later;  /* began in clear: STARTTLS */
	bool asked_plus; /* AUTHENTICATE, not LOGIN */
	bool refusing;   /* counted in the worker's refusing */
	bool fresh;      /* START asked for a new session */
	bool counted;    /* the spawner counts it: owes ENDED */
	uint8_t listener;
	uint16_t peer_port, local_port;
	uint32_t want;     /* events TLS asked for, beyond the usual */
	uint64_t born;     /* ms */
	uint64_t login;    /* ms; 0: not logged in */
	uint64_t deadline; /* ms, of the state; 0: none */
	uint64_t received, sent;
	struct tls *tls;
	struct deflate *deflate; /* COMPRESS is on, RFC 4978 */
	struct gate *gate;
	struct relay *relay;
	struct lease *lease;
	struct account *account; /* since its YES */
	struct parked *parked;   /* as it was when it parked last, or NULL */
	TAILQ_ENTRY(client)
	next;                /* waking: the account's; served: the lease's
			      */
	bool news;           /* woken for news only */
	bool inherited;      /* owes SETTLED: inherit.c */
	uint64_t woken;      /* ms: since when it is waking */
	struct client_past { /* by sessions that it had, and while parked */
		uint64_t headers, body, received, sent;
	} past;
	struct follow *follow; /* NOTIFY: folders it hears of */
	char *in;              /* read and not consumed: nin of room bytes */
	size_t nin, room;
	char *out; /* said and not sent */
	size_t nout, sentout, roomout;
	size_t packed; /* of out: compressed already, where deflate is on */
	char *tag;     /* of the command that logs in */
	char *user;    /* auth's word for the log */
	uint8_t *ticket;
	size_t nticket;
	char peer[46], local[46];
};

int client_compare(const struct client *, const struct client *);
RB_PROTOTYPE(client_tree, client, byconn, client_compare)

/* IPC_CLIENT arrived; the message's descriptor is taken. -1: malformed. */
int client_accept(struct worker *, struct ipc_msg *);
/* It is admitted: TLS, the greeting, or the refusal. */
void client_begin(struct worker *, struct client *);
struct client *client_find(struct worker *, uint64_t conn);
void client_ready(struct worker *, struct client *, uint32_t events);
/* The state's deadline has passed. */
void client_late(struct worker *, struct client *);
/* Handshake done, or none needed: the greeting, or the refusal. */
void client_greet(struct worker *, struct client *);

/* The only setter of the state; asserts that the step is legal. */
void client_enter(struct client *, enum client_state);
/* The state must be left by now + ms; 0: no deadline. */
void client_deadline(struct worker *, struct client *, uint64_t ms);
/* A turn in the next tick, whatever epoll says. */
void client_again(struct worker *, struct client *);

/*
 * More of the client's bytes into its buffer: 1 some came, 0 none now (or the
 * buffer is full, or the end was seen: eof), -1 broken.
 */
int client_read(struct worker *, struct client *);
/* Drops n bytes of the buffer, wiped. */
void client_eat(struct client *, size_t n);
/* Text to be sent by the next client_flush. */
void client_put(struct client *, const void *, size_t);
void client_say(struct client *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Sends what was said: 1 all of it, 0 the socket is full, -1 broken. */
int client_flush(struct worker *, struct client *);
/* Registers for what the state waits for. */
void client_wait(struct worker *, struct client *);

/* Flush, shut down, close: the orderly end. Says text first unless NULL. */
void client_bye(struct worker *, struct client *, const char *text);
/* All is said: shut down, and wait for the client's end where that helps. */
void client_flushed(struct worker *, struct client *);
/* Closed now. Tells master, auth and spawner what they must know. */
void client_end(struct worker *, struct client *);
/* Frees the memory of one that is GONE. */
void client_free(struct client *);
/* The worker stops: BYE, or close at once. */
void client_stop(struct worker *, struct client *, bool fast);

#endif

/*
 * What the numbers in the fields of messages mean: the flags and reasons of
 * ipc.h's list.
 */
#ifndef SHM_IPC_WORDS_H
#define SHM_IPC_WORDS_H

#define IPC_CLIENT_TLS    1u  /* implicit TLS: handshake first */
#define IPC_CLIENT_REFUSE 2u  /* only tell the refusal and close */
#define IPC_CLIENT_TRUST  4u  /* peer is in TRUSTED_NETS */
#define IPC_CLIENT_CERT   8u  /* EXTERNAL is on for this listener */
#define IPC_CLIENT_PROXY  16u /* a PROXY header comes first, then NAMED */
#define IPC_CLIENT_EXTRA  32u /* beyond MAXPERIP: only in another's place */
#define IPC_START_NEW     1u  /* a session of its own */
#define IPC_START_INSTEAD 2u  /* in place of a parked one of the account */

#define IPC_ASK_TLS   1u /* the client speaks TLS */
#define IPC_ASK_TRUST 2u /* from TRUSTED_NETS */
#define IPC_ASK_CERT  4u /* asked by a worker of an EXTERNAL listener */

enum ipc_no {          /* why a login failed */
	IPC_NO_FAILED, /* NO [AUTHENTICATIONFAILED]: all that is not below */
	IPC_NO_UNAVAILABLE, /* NO [UNAVAILABLE]: temporary, say try again */
	IPC_NO_EXPIRED,     /* right password, expired account */
	IPC_NO_DISABLED,    /* right password, disableimap: BYE */
	IPC_NO_INSECURE, /* right password, disableinsecureimap, no TLS: BYE */
};
enum ipc_refused {               /* why no session */
	IPC_REFUSED_TICKET,      /* forged, old, another worker's: BYE */
	IPC_REFUSED_LIMIT,       /* MAXPERUSER: count and limit are told */
	IPC_REFUSED_UNAVAILABLE, /* cannot fork */
};
#define IPC_SERVE_TLS      1u /* stream is relayed from TLS */
#define IPC_SERVE_STARTTLS 2u /* ... that began with STARTTLS */
#define IPC_SERVE_AUTH     4u /* AUTHENTICATE, not LOGIN */
#define IPC_SERVE_COMPRESS 8u /* stream is relayed from COMPRESS */
#define IPC_PARK_SELECTED  1u /* a mailbox is: NOOP needs a session */
#define IPC_PARK_SLOW      2u /* not all it wants is watched: wake it slowly */
#define IPC_PARK_FLAGS     3u
/* Only tell what is new: nothing is read before a STAY, PARK needs no WISH. */
#define IPC_RESUME_NEWS   16u
#define IPC_SHUTDOWN_STOP 0u /* the server stops */
#define IPC_SHUTDOWN_FAST 1u /* ... and does not wait */
#define IPC_SHUTDOWN_KICK 2u /* an administrator ends it */
#define IPC_NOTE_AUTH     0u /* no folder is selected */
#define IPC_NOTE_SELECTED 1u
#define IPC_NOTE_IDLE     2u
#define IPC_NOTE_TEXT     256 /* bytes of a text, terminated */

enum ipc_end {
	IPC_END_LOGOUT,       /* the client said LOGOUT */
	IPC_END_DISCONNECTED, /* it went away */
	IPC_END_TIMEOUT,      /* nothing came for too long, or took no bytes */
	IPC_END_SHUTDOWN,     /* told by SHUTDOWN */
	IPC_END_PROTOCOL,     /* too many errors, or a limit */
};

#endif

/*
 * The settings as all processes see them: one plain struct, filled by the
 * master's table (master/settings.c) and handed out in struct boot. Times are
 * seconds. Texts are terminated; an empty text means unset. Meanings are those
 * of Courier's settings of the same name; etc/imapd.5 documents each.
 */
#ifndef SHM_SETTINGS_H
#define SHM_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#define SETTINGS_PATH     1024
#define SETTINGS_TEXT     1024
#define SETTINGS_WORD     64
#define SETTINGS_SOCKET   108 /* as long as a socket's path may be */
#define SETTINGS_NETS     64
#define SETTINGS_LISTS    16 /* addresses to listen on, per PORT and SSLPORT */
#define SETTINGS_SERVICE  33 /* bytes of a service's name, terminated */
#define SETTINGS_SERVICES 32
#define SETTINGS_TRASH    16 /* folders of IMAP_EMPTYTRASH */

struct settings_net { /* an address prefix; IPv4 as ::ffff:0:0/96 */
	uint8_t addr[16];
	uint8_t bits; /* 0 to 128 */
};

struct settings_listen {          /* one address and port to listen on */
	char addr[SETTINGS_WORD]; /* "0" means all */
	uint16_t port;
};

struct settings_trash {   /* one folder of IMAP_EMPTYTRASH */
	char folder[128]; /* as written: Trash, Trash.Sub; "": trashfolder */
	uint32_t days;    /* files whose ctime is older are removed; >= 1 */
};

struct settings_view { /* what PORT and SSLPORT may see differently */
	struct settings_listen listen[SETTINGS_LISTS];
	uint32_t nlisten;
	uint32_t start; /* IMAPDSTART, IMAPDSSLSTART */
	uint32_t maxdaemons;
	uint32_t maxperip;
	char ident[SETTINGS_WORD]; /* syslog ident: imapd, imapd-ssl */
	uint32_t facility;    /* of syslog, LOGGEROPTS -facility: 0 to 23 */
	uint32_t maxperc;     /* TCPDOPTS -maxperc: per IPv4 /24; 0: no limit */
	uint32_t warn;        /* -warn: so many connections; 0: nine tenths */
	uint32_t backlog;     /* -listen */
	uint32_t accesslocal; /* -accesslocal */
	struct settings_listen haproxy[SETTINGS_LISTS]; /* -haproxy */
	uint32_t nhaproxy, haproxy_timeout;             /* s for its header */
	char denymsg[256]; /* -denymsg; "": closed without a word */
	char maildirpath[SETTINGS_PATH];
};

struct settings_service { /* AUTHSERVICE<port> */
	uint16_t port;
	char name[SETTINGS_SERVICE];
};

enum settings_auth { /* AUTHMODULES, in order, ended by NONE */
	SETTINGS_AUTH_NONE,
	SETTINGS_AUTH_PAM,
	SETTINGS_AUTH_USERDB,
	SETTINGS_AUTH_DAEMON,
};

enum settings_verify { /* TLS_VERIFYPEER */
	SETTINGS_VERIFY_NONE,
	SETTINGS_VERIFY_PEER,    /* a certificate, if there is one, must fit */
	SETTINGS_VERIFY_REQUIRE, /* there must be one */
};

enum settings_sandbox {       /* SANDBOX */
	SETTINGS_SANDBOX_OFF, /* no filters, Landlock, network of its own */
	SETTINGS_SANDBOX_ON,  /* as far as the machine has them */
	SETTINGS_SANDBOX_REQUIRED, /* ... or nothing is served */
};

struct settings {
	struct settings_view view[2]; /* 0: PORT, 1: SSLPORT */
	char config[SETTINGS_PATH];   /* the file itself, absolute */
	char pidfile[SETTINGS_PATH];
	char sslpidfile[SETTINGS_PATH];   /* the same pid again, "": none */
	char username[SETTINGS_WORD];     /* of workers, log, watch */
	char authusername[SETTINGS_WORD]; /* of auth */
	uint32_t imap_uid, imap_gid; /* resolved; unused when unprivileged */
	uint32_t auth_uid, auth_gid;
	uint32_t workers; /* 1 to 32 */
	uint32_t spares;  /* sessions forked ahead, 0 to 64 */
	uint32_t linger;  /* s a session without a client waits for the next */
	uint32_t park;    /* IMAP_PARK */
	uint32_t park_yield;  /* at MAXPERUSER the oldest parked one goes */
	uint32_t park_linger; /* s that a quiet client keeps its session */
	uint32_t sandbox;     /* enum settings_sandbox */
	char notifysocket[SETTINGS_SOCKET];  /* "": none */
	char controlsocket[SETTINGS_SOCKET]; /* "": none */
	char admingroup[SETTINGS_WORD];      /* IMAPADMINGROUP, "": root only */
	uint32_t admin_gid;                  /* resolved; 0: none */

	/* who may come in, and how often */
	struct settings_net exempt[SETTINGS_NETS]; /* MAXPERIP_EXEMPT */
	uint32_t nexempt;
	struct settings_net trusted[SETTINGS_NETS]; /* TRUSTED_NETS */
	uint32_t ntrusted;
	uint32_t ipv6_prefix; /* bits that count as one address, 64 */
	uint32_t maxperuser;
	uint32_t maxunauth; /* unauthenticated connections in all */
	uint32_t maxunauth_perip;
	uint32_t rate_perip; /* connections a minute from one address */
	char accessfile[SETTINGS_PATH]; /* IMAPACCESSFILE: the master's */
	uint8_t authmodules[4];         /* enum settings_auth */
	char pamservice[SETTINGS_WORD];
	char pamconfdir[SETTINGS_PATH]; /* "": the system's; tests set it */
	char userdb[SETTINGS_PATH];
	char authdaemonsocket[SETTINGS_PATH];
	struct settings_service services[SETTINGS_SERVICES];
	uint32_t nservices;
	char defaultoptions[SETTINGS_TEXT]; /* of accounts: a=b,c=d */
	uint32_t minuid;
	char defdomain[SETTINGS_WORD];
	char domainsep[SETTINGS_WORD];
	uint32_t auth_floor_ms; /* a failed login takes at least so long */
	uint32_t auth_recheck;  /* s until an account is looked up again */

	/* time-outs, in seconds */
	uint32_t login_timeout;      /* from accept to logged in, 60 */
	uint32_t handshake_timeout;  /* 15 */
	uint32_t inactivity_timeout; /* after login, 1860 */
	uint32_t command_timeout;    /* between two bytes of a command, 60 */
	uint32_t output_timeout;     /* client takes no bytes, 300 */
	uint32_t stop_timeout;       /* graceful stop, 10 */
	uint32_t drain_timeout;      /* of old workers after an upgrade */
	uint32_t lock_timeout;       /* for a folder's lock, 30 */

	/* TLS */
	uint32_t starttls;             /* IMAPDSTARTTLS */
	uint32_t tls_required;         /* IMAP_TLS_REQUIRED */
	uint32_t tls_external;         /* bit 1: PORT, bit 2: SSLPORT */
	char tls_field[SETTINGS_WORD]; /* TLS_EXTERNAL: field with the name */
	uint32_t tls_verify;           /* enum settings_verify */
	uint32_t tls_check; /* s between looks at the files, TLS_CHECK */
	char tls_certfile[SETTINGS_PATH];
	char tls_keyfile[SETTINGS_PATH];
	char tls_protocol[SETTINGS_WORD]; /* as written, checked */
	char tls_cipher_list[SETTINGS_TEXT];
	char tls_trustcerts[SETTINGS_PATH];

	/* IMAP */
	char capability[SETTINGS_TEXT]; /* IMAP_CAPABILITY, "": all */
	char capability_tls[SETTINGS_TEXT];
	char capability_hide[SETTINGS_TEXT];
	uint32_t keywords;         /* IMAP_KEYWORDS: 0 or 1 */
	uint32_t idle_timeout;     /* IMAP_IDLE_TIMEOUT, 60 */
	uint32_t enhancedidle;     /* IMAP_ENHANCEDIDLE, 1 */
	uint32_t uselocks;         /* IMAP_USELOCKS */
	uint32_t umask;            /* IMAP_UMASK */
	int32_t id_fields;         /* IMAP_ID_FIELDS, -1: unset */
	uint32_t namespace_prefix; /* 1: INBOX. as Courier; 0: empty prefix */
	char special_use[SETTINGS_TEXT]; /* "Sent=\Sent Drafts=\Drafts ..." */
	char trashfolder[SETTINGS_WORD];
	struct settings_trash emptytrash[SETTINGS_TRASH];
	uint32_t nemptytrash;       /* 0: off */
	uint32_t expunge_to_trash;  /* IMAP_MOVE_EXPUNGE_TO_TRASH */
	uint32_t log_deletions;     /* IMAP_LOG_DELETIONS */
	uint32_t sanity_check;      /* IMAP_MAILBOX_SANITY_CHECK */
	uint32_t disablethreadsort; /* IMAP_DISABLETHREADSORT */
	uint32_t check_all_folders; /* IMAP_CHECK_ALL_FOLDERS */
	uint32_t obsolete_client;   /* IMAP_OBSOLETE_CLIENT */
	uint64_t append_limit;      /* bytes of one message, 50 MiB */
	char indexdir[SETTINGS_PATH];
	char hostname[SETTINGS_WORD]; /* for message file names */

	uint32_t log_stderr; /* -F */
};

#endif

/*
 * THE table of limits: what a client, a message or an address may ask of us at
 * most (a Maildir that holds more already is served). A row: the name, which is
 * a constant in the code, its value, its unit, what happens beyond it, and the
 * setting that overrides it ("": none does). The doors that enforce a limit use
 * the constant; no setting can switch one off. t/site.d/limits.py tries every
 * row at -1, 0 and +1, or says that a unit test does.
 */
#ifndef SHM_LIMITS_H
#define SHM_LIMITS_H

/* Before login: RFC 3501 9, 2971 3.3, 4954, 7888 (worker/net). */
#define LIMITS_LOGIN(X)                                                        \
	X(LOGIN_LINE_MAX, 8192, "bytes", "BYE", "")                            \
	X(LOGIN_ID_MAX, 33792, "bytes", "BYE", "")                             \
	X(LOGIN_SASL_MAX, 8192, "bytes", "BYE", "")                            \
	X(LOGIN_LITERAL_MAX, 1024, "bytes", "BAD", "")                         \
	X(LOGIN_LITERALS_MAX, 4, "literals", "BAD", "")                        \
	X(LOGIN_LITERALS_SUM, 4096, "bytes", "BAD", "")                        \
	X(LOGIN_SWALLOW_MAX, 4096, "bytes", "BYE", "")                         \
	X(LOGIN_SWALLOW_SUM, 16384, "bytes", "BYE", "")                        \
	X(LOGIN_TAG_MAX, 127, "bytes", "BAD", "")                              \
	X(LOGIN_PAIRS_MAX, 30, "pairs of ID", "BAD", "")                       \
	X(LOGIN_KEY_MAX, 30, "bytes", "BAD", "")                               \
	X(LOGIN_VALUE_MAX, 1024, "bytes", "BAD", "")                           \
	X(GATE_BAD_MAX, 3, "bad commands", "BYE", "")                          \
	X(GATE_FAILED_MAX, 3, "failed logins", "BYE", "")                      \
	X(GATE_IDS_TOLD, 4, "log lines of ID", "not logged", "")

/* One command after login (worker/imap). */
#define LIMITS_COMMAND(X)                                                      \
	X(READER_LINE_MAX, 65536, "bytes", "BYE", "")                          \
	X(READER_LITERAL_MAX, 65536, "bytes", "BAD", "")                       \
	X(READER_LITERALS_MAX, 100, "literals", "BAD", "")                     \
	X(READER_LITERALS_SUM, 262144, "bytes", "BAD", "")                     \
	X(PARSE_NESTING_MAX, 32, "parentheses", "BAD", "")                     \
	X(PARSE_SEARCH_DEPTH, 64, "levels", "BAD", "")                         \
	X(PARSE_SEARCH_NODES, 1000, "keys", "BAD", "")                         \
	X(PARSE_FETCH_MAX, 128, "attributes", "BAD", "")                       \
	X(PARSE_PATTERNS_MAX, 64, "patterns of LIST", "BAD", "")               \
	X(PARSE_ID_PAIRS, 30, "pairs of ID", "BAD", "")                        \
	X(PARSE_ID_KEY, 30, "bytes", "BAD", "")                                \
	X(PARSE_ID_VALUE, 1024, "bytes", "BAD", "")                            \
	X(PARSE_SECTION_DEPTH, 100, "numbers", "BAD", "")                      \
	X(PARSE_FIELDS_MAX, 500, "header names", "BAD", "")                    \
	X(PARSE_OBJECTID_MAX, 255, "bytes", "BAD", "")                         \
	X(PARSE_FLAGS_MAX, 512, "flags", "BAD", "")                            \
	X(VIEW_NAMED_MAX, 1024, "keywords told because STOREs named them",     \
	    "not told", "")                                                    \
	X(PARSE_SORT_MAX, 16, "criteria", "BAD", "")                           \
	X(SEQSET_RANGES_MAX, 10000, "ranges", "BAD", "")                       \
	X(SESSION_BAD_MAX, 20, "bad commands in a row", "BYE", "")             \
	X(SESSION_IDS_TOLD, 4, "log lines of ID", "not logged", "")            \
	X(SESSION_ARENA_MAX, 67108864, "bytes that one command takes", "NO",   \
	    "")                                                                \
	X(APPEND_GRACE, 600, "seconds for a literal", "BYE", "")               \
	X(APPEND_RATE, 1024, "bytes of it for a second more", "BYE", "")       \
	X(WIRE_READ_AHEAD, 65536, "bytes read ahead", "wait", "")              \
	X(WIRE_OUT, 32768, "bytes waiting to go out", "wait", "")              \
	X(NOTIFY_GROUPS_MAX, 64, "event groups of NOTIFY", "BAD", "")          \
	X(NOTIFY_NAMES_MAX, 256, "mailboxes that they name", "BAD", "")        \
	X(NOTIFY_TEXT_MAX, 4096, "bytes of a NOTIFY set", "NO", "")            \
	X(NOTIFY_BOXES_MAX, 4096, "mailboxes that it is about",                \
	    "NOTIFICATIONOVERFLOW", "")                                        \
	X(NOTIFY_STATE_MAX, 40960, "bytes of it in a parked record",           \
	    "not parked", "")

/* Folders and their names (maildir). */
#define LIMITS_FOLDER(X)                                                       \
	X(MAILDIR_NAME_MAX, 240, "bytes", "NO", "")                            \
	X(MAILDIR_LEVELS_MAX, 20, "levels", "NO", "")                          \
	X(MAILDIR_FOLDERS_MAX, 10000, "folders", "NO", "")                     \
	X(MAILDIR_KEYWORDS_MAX, 128, "keywords of a folder", "NO", "")         \
	X(MAILDIR_KEYWORD_LEN, 64, "bytes", "NO", "")

/* What is made of one message (maildir): never an error. */
#define LIMITS_MESSAGE(X)                                                      \
	X(MIME_PARTS_MAX, 10000, "parts", "one opaque part", "")               \
	X(MIME_DEPTH_MAX, 100, "levels", "one opaque part", "")                \
	X(MIME_PARAMS_MAX, 128, "parameters", "left out", "")                  \
	X(MIME_ADDRESSES_MAX, 10000, "addresses", "left out", "")              \
	X(MIME_HEADER_MAX, 10485760, "bytes of all its parts' headers",        \
	    "left out", "")                                                    \
	X(MAILBOX_KEPT_MAX, 32768, "bytes of one text kept in the index",      \
	    "made each time", "")                                              \
	X(KEYS_TEXT_MAX, 4096, "bytes of a sort key", "cut", "")               \
	X(KEYS_REFS_MAX, 20, "references", "the last ones count", "")

/* Questions about passwords (auth). */
#define LIMITS_AUTH(X)                                                         \
	X(PASSWORD_MAX, 1024, "bytes", "NO", "")                               \
	X(QUEUE_PLACES, 16, "questions at once", "wait", "")                   \
	X(QUEUE_USER, 3, "questions of a user at once", "wait", "")            \
	X(QUEUE_ADDRESS, 5, "questions of an address at once", "wait", "")     \
	X(QUEUE_WAITING, 256, "questions that wait", "NO", "")                 \
	X(PACE_ENTRIES, 65536, "sources of failed logins", "the least goes",   \
	    "")                                                                \
	X(PACE_LEVEL_MAX, 14, "failures that count", "no more wait", "")       \
	X(PAM_MS, 30000, "ms for a question to PAM", "NO", "")

/* Settings: connections, times, sizes. Their values are the defaults. */
#define LIMITS_SETTING(X)                                                      \
	X(LIMIT_DAEMONS, 10000, "connections of a port", "BYE", "MAXDAEMONS")  \
	X(LIMIT_PERIP, 20, "connections of an address", "BYE", "MAXPERIP")     \
	X(LIMIT_PERUSER, 100, "sessions of an account", "NO", "MAXPERUSER")    \
	X(LIMIT_UNAUTH, 1000, "connections not logged in",                     \
	    "the oldest make place", "MAXUNAUTH")                              \
	X(LIMIT_UNAUTH_PERIP, 10, "... of an address", "BYE",                  \
	    "MAXUNAUTH_PERIP")                                                 \
	X(LIMIT_RATE_PERIP, 120, "connections a minute of an address", "BYE",  \
	    "MAXRATE_PERIP")                                                   \
	X(LIMIT_LOGIN, 60, "seconds", "BYE", "LOGIN_TIMEOUT")                  \
	X(LIMIT_HANDSHAKE, 15, "seconds", "closed", "HANDSHAKE_TIMEOUT")       \
	X(LIMIT_INACTIVITY, 1860, "seconds", "BYE", "INACTIVITY_TIMEOUT")      \
	X(LIMIT_COMMAND, 60, "seconds between bytes of a command", "BYE",      \
	    "COMMAND_TIMEOUT")                                                 \
	X(LIMIT_OUTPUT, 300, "seconds without a byte taken", "closed",         \
	    "OUTPUT_TIMEOUT")                                                  \
	X(LIMIT_LOCK, 30, "seconds for a folder's lock", "NO", "LOCK_TIMEOUT") \
	X(LIMIT_APPEND, 52428800, "bytes of a message", "NO", "APPENDLIMIT")

/* Settings have no say in these: rates, and what waits in a worker. */
#define LIMITS_FLOW(X)                                                         \
	X(ADMIT_BURST, 30, "connections at once of an address", "BYE", "")     \
	X(ADMIT_EXTRA, 5,                                                      \
	    "logins in place of a parked client, beyond MAXPERIP", "BYE", "")  \
	X(ADMIT_QUIET, 65536, "addresses remembered", "the oldest goes", "")   \
	X(ADMIT_GRACE, 3000, "ms in which none makes place", "BYE", "")        \
	X(TLS_MESSAGES_MAX, 8, "messages of TLS without data", "closed", "")   \
	X(LOGFLOW_BURST, 200, "log lines at once of a process",                \
	    "counted, not logged", "")                                         \
	X(LOGFLOW_RATE, 120, "... a minute", "counted, not logged", "")        \
	X(LOGFLOW_CLIENT_BURST, 65536, "... of clients in Courier's form",     \
	    "counted, not logged", "")                                         \
	X(LOGFLOW_CLIENT_RATE, 600000, "... of these a minute",                \
	    "counted, not logged", "")                                         \
	X(LOGFLOW_SENDERS, 1024, "processes whose lines are counted",          \
	    "the quietest goes", "")                                           \
	X(HOLDOFF_CRASHES, 3, "crashes for an account or an address",          \
	    "it waits", "")                                                    \
	X(HOLDOFF_FIRST, 1000, "ms that it waits at first", "let in", "")      \
	X(HOLDOFF_MAX, 60000, "ms that it waits at most", "let in", "")        \
	X(HOLDOFF_ENTRIES, 1024, "accounts, addresses with crashes",           \
	    "the oldest goes", "")                                             \
	X(ADMIT_REFUSE, 50, "refusals being told", "closed", "")               \
	X(CLIENT_INPUT, 65536, "bytes read ahead of a login", "wait", "")      \
	X(CLIENT_SAY, 4096, "bytes of answers before it", "wait", "")          \
	X(DEFLATE_AHEAD, 65536, "compressed bytes kept", "closed", "")         \
	X(DEFLATE_BARREN, 262144, "of them without a byte of text", "closed",  \
	    "")                                                                \
	X(DEFLATE_BURST, 65536, "bytes compressed at once", "more bursts", "")

/* One process, whatever it was talked into (shm/jail.c). */
#define LIMITS_PROCESS(X)                                                      \
	X(SESSION_DATA, 1073741824, "bytes of a session's memory",             \
	    "NO or its end", "")                                               \
	X(SESSION_FILES, 256, "descriptors of a session", "NO or its end", "") \
	X(SERVANT_FILES, 1024, "descriptors of log, auth, PAM, spawner", "NO", \
	    "")                                                                \
	X(NURSERY_MORE, 32,                                                    \
	    "sessions of an account, besides two for each client it may have", \
	    "NO", "")

#define LIMITS_ALL(X)                                                          \
	LIMITS_LOGIN(X)                                                        \
	LIMITS_COMMAND(X)                                                      \
	LIMITS_FOLDER(X)                                                       \
	LIMITS_MESSAGE(X)                                                      \
	LIMITS_AUTH(X)                                                         \
	LIMITS_SETTING(X)                                                      \
	LIMITS_FLOW(X)                                                         \
	LIMITS_PROCESS(X)

#define LIMITS_ENUM(name, value, unit, beyond, setting) name = (value),
enum limits {
	LIMITS_ALL(LIMITS_ENUM)
};

/* None may be 0: that would read as "no limit" somewhere. */
#define LIMITS_ASSERT(name, value, unit, beyond, setting)                      \
	_Static_assert((value) > 0, #name);
LIMITS_ALL(LIMITS_ASSERT)

#endif

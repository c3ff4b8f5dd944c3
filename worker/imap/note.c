/* One small message, sent if there is room. */
#include "worker/imap/note.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "worker/imap/view.h"

static void find_device(const struct parse_id *, char *out, size_t size);
static void cut(char *out, size_t size, const char *text, size_t n);

void
note_send(struct session *s, const struct parse_id *id)
{
	char folder[IPC_NOTE_TEXT] = "", device[IPC_NOTE_TEXT] = "";
	const struct client *c = &s->client;
	uint32_t state = IPC_NOTE_AUTH;
	struct ipc_put m;

	if (s->control == -1)
		return;
	if (c->state == SESSION_SELECTED && c->view != NULL) {
		const char *name = c->view->folder;

		state = IPC_NOTE_SELECTED;
		if (name[0] == '\0')
			name = "INBOX";
		cut(folder, sizeof(folder), name, strlen(name));
	}
	if (c->idle_tag[0] != '\0')
		state = IPC_NOTE_IDLE;
	if (id != NULL)
		find_device(id, device, sizeof(device));
	ipc_begin(&m, IPC_NOTE);
	ipc_put_u64(&m, c->conn);
	ipc_put_u32(&m, state);
	ipc_put_u64(&m, s->wire.received);
	ipc_put_u64(&m, s->wire.sent);
	ipc_put_str(&m, folder);
	ipc_put_str(&m, device);
	(void)ipc_send(s->control, &m, NULL, 0);
}

/* "Device" tells two telephones apart; else the program, else its system. */
static void
find_device(const struct parse_id *id, char *out, size_t size)
{
	static const char *const keys[] = {"device", "name", "os"};

	for (size_t k = 0; k < 3; k++)
		for (size_t i = 0; i < id->npairs; i++) {
			const struct parse_text *key = &id->pairs[2 * i];
			const struct parse_text *value = key + 1;

			if (value->p == NULL || value->n == 0 ||
			    key->n != strlen(keys[k]) ||
			    strncasecmp(key->p, keys[k], key->n) != 0)
				continue;
			cut(out, size, value->p, value->n);
			return;
		}
}

/* As a string, without what may be a NUL. */
static void
cut(char *out, size_t size, const char *text, size_t n)
{
	(void)snprintf(out, size, "%.*s", (int)(n < size ? n : size - 1), text);
}

bool
note_is_kick(const struct ipc_msg *msg)
{
	struct ipc_get g;
	uint32_t why;

	ipc_open(&g, msg);
	why = ipc_get_u32(&g);
	return ipc_done(&g) == 0 && why == IPC_SHUTDOWN_KICK;
}

/* SPDX-License-Identifier: ISC */
#include "sftp/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sftp/server_i.h"

/* One row a request: what serves it, and whether it changes anything (then -R refuses it). */
static const struct row {
	request_handler handle;
	bool changes;
} rows[SFTP_OP_COUNT] = {
	[SFTP_OP_OPEN] = { on_open, false },		/* looks at the flags itself */
	[SFTP_OP_CLOSE] = { on_close, false },
	[SFTP_OP_READ] = { on_read, false },
	[SFTP_OP_WRITE] = { on_write, true },
	[SFTP_OP_LSTAT] = { on_lstat, false },
	[SFTP_OP_FSTAT] = { on_fstat, false },
	[SFTP_OP_SETSTAT] = { on_setstat, true },
	[SFTP_OP_FSETSTAT] = { on_fsetstat, true },
	[SFTP_OP_OPENDIR] = { on_opendir, false },
	[SFTP_OP_READDIR] = { on_readdir, false },
	[SFTP_OP_REMOVE] = { on_remove, true },
	[SFTP_OP_MKDIR] = { on_mkdir, true },
	[SFTP_OP_RMDIR] = { on_rmdir, true },
	[SFTP_OP_REALPATH] = { on_realpath, false },
	[SFTP_OP_STAT] = { on_stat, false },
	[SFTP_OP_RENAME] = { on_rename, true },
	[SFTP_OP_READLINK] = { on_readlink, false },
	[SFTP_OP_SYMLINK] = { on_symlink, true },
	[SFTP_OP_POSIX_RENAME] = { on_posix_rename, true },
	[SFTP_OP_STATVFS] = { on_statvfs, false },
	[SFTP_OP_FSTATVFS] = { on_fstatvfs, false },
	[SFTP_OP_HARDLINK] = { on_hardlink, true },
	[SFTP_OP_FSYNC] = { on_fsync, true },
	[SFTP_OP_LSETSTAT] = { on_lsetstat, true },
	[SFTP_OP_LIMITS] = { on_limits, false },
	[SFTP_OP_EXPAND_PATH] = { on_expand_path, false },
	[SFTP_OP_COPY_DATA] = { on_copy_data, true },
	[SFTP_OP_HOME_DIRECTORY] = { on_home_directory, false },
	[SFTP_OP_USERS_GROUPS] = { on_users_groups, false },
};

/* --- policy --- */

/* The bits of a comma list of names. */
static enum err
bits_of(struct span names, uint64_t *bits)
{
	struct span name;

	*bits = 0;
	while (span_token(&names, ',', &name)) {
		enum sftp_op op = sftp_op_find(name);

		if (op == SFTP_OP_UNKNOWN)
			return ERR_NOTFOUND;
		*bits |= UINT64_C(1) << op;
	}
	return ERR_OK;
}

enum err
sftp_policy_deny(struct sftp_policy *p, struct span names)
{
	uint64_t bits;

	TRY(bits_of(names, &bits));
	p->denied |= bits;
	return ERR_OK;
}

enum err
sftp_policy_allow_only(struct sftp_policy *p, struct span names)
{
	uint64_t bits;

	TRY(bits_of(names, &bits));
	p->denied |= ~bits;
	return ERR_OK;
}

static bool
is_allowed(const struct sftp_server *s, enum sftp_op op)
{
	return !(s->setup.policy.denied >> op & 1) && !(s->setup.policy.read_only && rows[op].changes);
}

/* --- answers --- */

/* The code for what a handler has returned. */
static enum sftp_status
status_of(int result)
{
	switch (result) {
	case 0: return SFTP_OK;
	case AT_END: return SFTP_EOF;
	case BAD_HANDLE: return SFTP_FAILURE;
	case NOT_SERVED: return SFTP_OP_UNSUPPORTED;
	case NOT_ALLOWED: return SFTP_PERMISSION_DENIED;
	case BROKEN: return SFTP_BAD_MESSAGE;
	case ENOENT:
	case ENOTDIR:
	case EBADF:
	case ELOOP: return SFTP_NO_SUCH_FILE;
	case EPERM:
	case EACCES:
	case EFAULT: return SFTP_PERMISSION_DENIED;
	case ENAMETOOLONG:
	case EINVAL: return SFTP_BAD_MESSAGE;
	case ENOSYS:
	case EOPNOTSUPP: return SFTP_OP_UNSUPPORTED;
	default: return SFTP_FAILURE;
	}
}

static void
answer_status(struct sftp_server *s, uint32_t id, int result)
{
	enum sftp_status code = status_of(result);
	/* FAILURE alone says nothing: what the system has said is told, too. */
	const char *text = code == SFTP_FAILURE && result > 0 ? strerror(result) : sftp_status_text(code);
	bool is_trouble = code != SFTP_OK && code != SFTP_EOF;

	if (is_trouble || log_wants(s->setup.log, LOG_LEVEL_DEBUG1))
		log_info(s->setup.log, "sent status %s", sftp_status_text(code));
	sftp_status_text_put(&s->out, id, code, text);
}

/* --- requests --- */

/* Puts a path and its NUL where the handlers find it. */
static bool
keep_path(char to[SFTP_PATH_SIZE], struct span path)
{
	if (path.len >= SFTP_PATH_SIZE)
		return false;
	if (path.len > 0)
		memcpy(to, path.p, path.len);
	to[path.len] = '\0';
	return true;
}

static int
handle_request(struct sftp_server *s, const struct sftp_request *q)
{
	if (q->op == SFTP_OP_UNKNOWN) {
		log_info(s->setup.log, "unknown request: type %u", (unsigned)q->type);
		return NOT_SERVED;
	}
	if (!is_allowed(s, q->op)) {
		log_verbose(s->setup.log, "Refusing %s request%s", sftp_op_name(q->op),
		    s->setup.policy.denied >> q->op & 1 ? "" : " in read-only mode");
		return NOT_ALLOWED;
	}
	if (!keep_path(s->path, q->path) || !keep_path(s->path2, q->path2))
		return ENAMETOOLONG;
	return rows[q->op].handle(s, q);
}

static void
on_init(struct sftp_server *s, const struct sftp_request *q)
{
	uint64_t allowed = 0;

	log_verbose(s->setup.log, "received client version %u", (unsigned)q->version);
	for (unsigned op = 0; op < SFTP_OP_INIT; op++) {
		if (is_allowed(s, (enum sftp_op)op))
			allowed |= UINT64_C(1) << op;
	}
	s->is_init = true;
	sftp_version_put(&s->out, allowed);
}

/* One packet. */
static enum err
take_payload(struct sftp_server *s, struct span payload)
{
	size_t before = s->out.len;
	struct sftp_request q;
	int result;

	TRY(sftp_request_get(payload, &q));
	if (q.op == SFTP_OP_INIT) {
		on_init(s, &q);
		return wr_end(&s->out);
	}
	if (!s->is_init)
		return ERR_SEQUENCE;
	log_debug3(s->setup.log, "request %u: %s", (unsigned)q.id, sftp_op_name(q.op));
	result = handle_request(s, &q);
	if (result != ANSWERED) {
		must(s->out.err != ERR_OK || s->out.len == before);
		answer_status(s, q.id, result);
	}
	return wr_end(&s->out);
}

enum err
sftp_server_take(struct sftp_server *s, struct span in, int64_t now, size_t *used)
{
	struct span payload;
	enum err e = ERR_OK;

	s->now = now;
	*used = 0;
	while (!sftp_server_is_full(s)) {
		e = sftp_frame(span_skip(in, *used), SFTP_MAX_PACKET, &payload);
		if (e != ERR_OK)
			break;
		e = take_payload(s, payload);
		if (e != ERR_OK)
			break;
		*used += payload.len + 4;
	}
	if (e == ERR_OK || e == ERR_AGAIN)
		return ERR_OK;
	log_error(s->setup.log, "bad message from %s [%s]: %s", s->setup.user, s->setup.client, err_text(e));
	return e;
}

struct span
sftp_server_output(const struct sftp_server *s)
{
	return span_skip(writer_span(&s->out), s->sent);
}

void
sftp_server_sent(struct sftp_server *s, size_t n)
{
	must(n <= s->out.len - s->sent);
	s->sent += n;
	if (s->sent == s->out.len && s->out.err == ERR_OK)
		s->sent = s->out.len = 0;	/* files of the user's: nothing to wipe */
}

bool
sftp_server_is_full(const struct sftp_server *s)
{
	return s->out.len >= SFTP_OUTPUT_FULL;
}

/* --- a server --- */

enum err
sftp_server_new(struct sftp_server **out, const struct sftp_server_setup *setup)
{
	struct sftp_server *s = calloc(1, sizeof(*s));

	*out = s;
	if (s == NULL)
		return ERR_NOMEM;
	s->setup = *setup;
	if (s->setup.max_handles > SFTP_HANDLES_MAX)
		s->setup.max_handles = SFTP_HANDLES_MAX;
	s->out = writer_init(SFTP_OUTPUT_FULL + SFTP_MAX_PACKET + 4);
	s->scratch = writer_init(SFTP_MAX_DATA);
	log_info(setup->log, "session opened for local user %s from [%s]", setup->user, setup->client);
	return ERR_OK;
}

void
sftp_server_free(struct sftp_server *s)
{
	if (s == NULL)
		return;
	handles_free(s);
	log_info(s->setup.log, "session closed for local user %s from [%s]", s->setup.user, s->setup.client);
	writer_free(&s->out);
	writer_free(&s->scratch);
	free(s);
}

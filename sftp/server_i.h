/* SPDX-License-Identifier: ISC */
/*
 * sftp/server_i.h - inside the SFTP server: server.c has the table of requests,
 * server_handle.c what is open, server_file.c files, server_dir.c directories
 * and names, server_path.c attributes and the tree, server_extra.c extensions.
 */
#ifndef SFTP_SERVER_I_H
#define SFTP_SERVER_I_H

#include "sftp/server.h"

#define HANDLE_LEN	4

enum handle_kind { HANDLE_FREE, HANDLE_FILE, HANDLE_DIR };

struct handle {
	enum handle_kind kind;
	uint16_t generation;		/* how often the place has been in use */
	bool appends;
	int fd;
	void *dir;
	char *path;			/* for the log */
	uint64_t n_read;
	uint64_t n_written;
};

struct sftp_server {
	struct sftp_server_setup setup;
	bool is_init;
	struct handle *handles;		/* n_handles places, of which n_open are in use */
	size_t n_handles;
	size_t n_open;
	struct writer out;
	size_t sent;			/* of out */
	struct writer scratch;		/* for what goes into one answer */
	int64_t now;
	char path[SFTP_PATH_SIZE];	/* of the request, with their NULs */
	char path2[SFTP_PATH_SIZE];
};

/*
 * Answers a request, or gives what the STATUS is to say: 0 or an errno, or
 * one of the values below. Paths of the request are in s->path and s->path2.
 */
typedef int (*request_handler)(struct sftp_server *s, const struct sftp_request *q);

#define ANSWERED	(-1)	/* there is an answer already */
#define AT_END		(-2)	/* the STATUS is EOF */
#define BAD_HANDLE	(-3)	/* FAILURE, and no system call is to blame */
#define NOT_SERVED	(-4)	/* OP_UNSUPPORTED */
#define NOT_ALLOWED	(-5)	/* PERMISSION_DENIED */
#define BROKEN		(-6)	/* BAD_MESSAGE */

/* --- server_handle.c --- */

/* Makes an open file or directory known; ANSWERED, or an errno: then it stays the caller's. */
int handle_new(struct sftp_server *s, uint32_t id, const struct handle *h);

/* The handle of these bytes; NULL if they are none. */
struct handle *handle_find(struct sftp_server *s, struct span bytes);

/* The same, but only of this kind. */
struct handle *handle_find_kind(struct sftp_server *s, struct span bytes, enum handle_kind kind);

/* Closes it: 0 or an errno. how: "" or "forced ", for the log. */
int handle_close(struct sftp_server *s, struct handle *h, const char *how);

/* Closes all. */
void handles_free(struct sftp_server *s);

/* --- handlers: each is a request_handler for the request of its name --- */
int on_open(struct sftp_server *s, const struct sftp_request *q);
int on_close(struct sftp_server *s, const struct sftp_request *q);
int on_read(struct sftp_server *s, const struct sftp_request *q);
int on_write(struct sftp_server *s, const struct sftp_request *q);
int on_fsync(struct sftp_server *s, const struct sftp_request *q);
int on_copy_data(struct sftp_server *s, const struct sftp_request *q);
int on_opendir(struct sftp_server *s, const struct sftp_request *q);
int on_readdir(struct sftp_server *s, const struct sftp_request *q);
int on_realpath(struct sftp_server *s, const struct sftp_request *q);
int on_readlink(struct sftp_server *s, const struct sftp_request *q);
int on_expand_path(struct sftp_server *s, const struct sftp_request *q);
int on_home_directory(struct sftp_server *s, const struct sftp_request *q);
int on_stat(struct sftp_server *s, const struct sftp_request *q);
int on_lstat(struct sftp_server *s, const struct sftp_request *q);
int on_fstat(struct sftp_server *s, const struct sftp_request *q);
int on_setstat(struct sftp_server *s, const struct sftp_request *q);
int on_lsetstat(struct sftp_server *s, const struct sftp_request *q);
int on_fsetstat(struct sftp_server *s, const struct sftp_request *q);
int on_statvfs(struct sftp_server *s, const struct sftp_request *q);
int on_fstatvfs(struct sftp_server *s, const struct sftp_request *q);
int on_remove(struct sftp_server *s, const struct sftp_request *q);
int on_mkdir(struct sftp_server *s, const struct sftp_request *q);
int on_rmdir(struct sftp_server *s, const struct sftp_request *q);
int on_rename(struct sftp_server *s, const struct sftp_request *q);
int on_posix_rename(struct sftp_server *s, const struct sftp_request *q);
int on_hardlink(struct sftp_server *s, const struct sftp_request *q);
int on_symlink(struct sftp_server *s, const struct sftp_request *q);
int on_limits(struct sftp_server *s, const struct sftp_request *q);
int on_users_groups(struct sftp_server *s, const struct sftp_request *q);

#endif

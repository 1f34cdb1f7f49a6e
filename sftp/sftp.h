/* SPDX-License-Identifier: ISC */
/*
 * sftp/sftp.h - the messages of SFTP version 3 (draft-ietf-secsh-filexfer-02)
 * and OpenSSH's extensions, as both sides read and write them.
 *
 * packet   uint32 length, type, body; nearly every body begins with an id
 * payload  a packet without its length: what sftp_frame() finds
 * op       what a request asks for: a type, or an extension by its name
 * reply    what a server answers, under the id of the request
 *
 * Nothing here does I/O or keeps anything: _get gives spans that borrow from
 * the payload, _put appends whole packets to a writer, whose error is sticky.
 * Paths and names have no NUL in them (ERR_FORMAT).
 */
#ifndef SFTP_SFTP_H
#define SFTP_SFTP_H

#include "base/reader.h"
#include "base/writer.h"

#define SFTP_VERSION		3

/* The longest payload that we send or take, as OpenSSH has it. */
#define SFTP_MAX_PACKET		(256 * 1024)

/* The longest data in one READ or WRITE: a packet less what stands around it. */
#define SFTP_MAX_DATA		(SFTP_MAX_PACKET - 1024)

/* Draft: handles are 256 bytes at most. */
#define SFTP_MAX_HANDLE		256

/* Packet types. */
enum sftp_type {
	SFTP_INIT = 1,
	SFTP_VERSION_IS = 2,
	SFTP_OPEN = 3,
	SFTP_CLOSE = 4,
	SFTP_READ = 5,
	SFTP_WRITE = 6,
	SFTP_LSTAT = 7,
	SFTP_FSTAT = 8,
	SFTP_SETSTAT = 9,
	SFTP_FSETSTAT = 10,
	SFTP_OPENDIR = 11,
	SFTP_READDIR = 12,
	SFTP_REMOVE = 13,
	SFTP_MKDIR = 14,
	SFTP_RMDIR = 15,
	SFTP_REALPATH = 16,
	SFTP_STAT = 17,
	SFTP_RENAME = 18,
	SFTP_READLINK = 19,
	SFTP_SYMLINK = 20,
	SFTP_STATUS = 101,
	SFTP_HANDLE = 102,
	SFTP_DATA = 103,
	SFTP_NAME = 104,
	SFTP_ATTRS = 105,
	SFTP_EXTENDED = 200,
	SFTP_EXTENDED_REPLY = 201,
};

/* Codes of a STATUS; version 3 has no others. */
enum sftp_status {
	SFTP_OK = 0,
	SFTP_EOF = 1,
	SFTP_NO_SUCH_FILE = 2,
	SFTP_PERMISSION_DENIED = 3,
	SFTP_FAILURE = 4,
	SFTP_BAD_MESSAGE = 5,
	SFTP_NO_CONNECTION = 6,
	SFTP_CONNECTION_LOST = 7,
	SFTP_OP_UNSUPPORTED = 8,
};

/* Flags of OPEN. */
enum sftp_pflag {
	SFTP_PF_READ = 0x01,
	SFTP_PF_WRITE = 0x02,
	SFTP_PF_APPEND = 0x04,
	SFTP_PF_CREAT = 0x08,
	SFTP_PF_TRUNC = 0x10,
	SFTP_PF_EXCL = 0x20,
};

/* Which attributes there are. */
enum sftp_attr {
	SFTP_ATTR_SIZE = 0x01,
	SFTP_ATTR_UIDGID = 0x02,
	SFTP_ATTR_PERMISSIONS = 0x04,
	SFTP_ATTR_ACMODTIME = 0x08,
	SFTP_ATTR_KNOWN = 0x0f,		/* those above */
	SFTP_ATTR_EXTENDED = 0x80000000,
};

/* Attributes of a file; only those count that flags names. */
struct sftp_attrs {
	uint32_t flags;		/* of SFTP_ATTR_KNOWN */
	uint64_t size;
	uint32_t uid;
	uint32_t gid;
	uint32_t permissions;	/* as st_mode: type and mode */
	uint32_t atime;
	uint32_t mtime;
};

/* Reads attributes; extended ones and flags that nobody knows are passed over. */
void sftp_attrs_get(struct reader *r, struct sftp_attrs *a);

/* Writes the attributes that a->flags names. */
void sftp_attrs_put(struct writer *w, const struct sftp_attrs *a);

/*
 * What can be asked for: op, packet type, name (as sftp-server -Q requests
 * prints it), and for an extension its name and what VERSION says of it.
 */
#define SFTP_OPS(X)							\
	X(OPEN, SFTP_OPEN, "open", NULL, NULL)				\
	X(CLOSE, SFTP_CLOSE, "close", NULL, NULL)			\
	X(READ, SFTP_READ, "read", NULL, NULL)				\
	X(WRITE, SFTP_WRITE, "write", NULL, NULL)			\
	X(LSTAT, SFTP_LSTAT, "lstat", NULL, NULL)			\
	X(FSTAT, SFTP_FSTAT, "fstat", NULL, NULL)			\
	X(SETSTAT, SFTP_SETSTAT, "setstat", NULL, NULL)			\
	X(FSETSTAT, SFTP_FSETSTAT, "fsetstat", NULL, NULL)		\
	X(OPENDIR, SFTP_OPENDIR, "opendir", NULL, NULL)			\
	X(READDIR, SFTP_READDIR, "readdir", NULL, NULL)			\
	X(REMOVE, SFTP_REMOVE, "remove", NULL, NULL)			\
	X(MKDIR, SFTP_MKDIR, "mkdir", NULL, NULL)			\
	X(RMDIR, SFTP_RMDIR, "rmdir", NULL, NULL)			\
	X(REALPATH, SFTP_REALPATH, "realpath", NULL, NULL)		\
	X(STAT, SFTP_STAT, "stat", NULL, NULL)				\
	X(RENAME, SFTP_RENAME, "rename", NULL, NULL)			\
	X(READLINK, SFTP_READLINK, "readlink", NULL, NULL)		\
	X(SYMLINK, SFTP_SYMLINK, "symlink", NULL, NULL)			\
	X(POSIX_RENAME, SFTP_EXTENDED, "posix-rename", "posix-rename@openssh.com", "1") \
	X(STATVFS, SFTP_EXTENDED, "statvfs", "statvfs@openssh.com", "2")	\
	X(FSTATVFS, SFTP_EXTENDED, "fstatvfs", "fstatvfs@openssh.com", "2") \
	X(HARDLINK, SFTP_EXTENDED, "hardlink", "hardlink@openssh.com", "1") \
	X(FSYNC, SFTP_EXTENDED, "fsync", "fsync@openssh.com", "1")	\
	X(LSETSTAT, SFTP_EXTENDED, "lsetstat", "lsetstat@openssh.com", "1") \
	X(LIMITS, SFTP_EXTENDED, "limits", "limits@openssh.com", "1")	\
	X(EXPAND_PATH, SFTP_EXTENDED, "expand-path", "expand-path@openssh.com", "1") \
	X(COPY_DATA, SFTP_EXTENDED, "copy-data", "copy-data", "1")	\
	X(HOME_DIRECTORY, SFTP_EXTENDED, "home-directory", "home-directory", "1") \
	X(USERS_GROUPS, SFTP_EXTENDED, "users-groups-by-id", "users-groups-by-id@openssh.com", "1")

enum sftp_op {
#define X(op, type, name, extension, data) SFTP_OP_##op,
	SFTP_OPS(X)
#undef X
	SFTP_OP_INIT,
	SFTP_OP_UNKNOWN,	/* a type or an extension that nobody here knows */
	SFTP_OP_COUNT
};

/* The name of op ("posix-rename"); static. */
const char *sftp_op_name(enum sftp_op op);

/* The name of the extension that op is ("posix-rename@openssh.com"); NULL if it is none. */
const char *sftp_op_extension(enum sftp_op op);

/* The op of this name, as sftp_op_name() has it; SFTP_OP_UNKNOWN if there is none. */
enum sftp_op sftp_op_find(struct span name);

/*
 * A request. Which fields count, op says; the others are zero:
 *
 *	OPEN path pflags attrs		CLOSE FSTAT READDIR FSTATVFS FSYNC handle
 *	READ handle offset length	WRITE handle offset data
 *	LSTAT STAT OPENDIR REMOVE RMDIR REALPATH READLINK STATVFS EXPAND_PATH path
 *	SETSTAT MKDIR LSETSTAT path attrs	FSETSTAT handle attrs
 *	RENAME POSIX_RENAME HARDLINK path (old) path2 (new)
 *	SYMLINK path (what the link says) path2 (the link): OpenSSH's order
 *	COPY_DATA handle offset length (0: all) handle2 offset2
 *	HOME_DIRECTORY path (the user)	USERS_GROUPS uids gids (of uint32)
 *	INIT version; no id		LIMITS nothing
 */
struct sftp_request {
	enum sftp_op op;
	uint8_t type;		/* as it came; sftp_request_put() knows it from op */
	uint32_t id;
	uint32_t version;
	struct span path;
	struct span path2;
	struct span handle;
	struct span handle2;
	struct span data;
	struct span uids;
	struct span gids;
	struct sftp_attrs attrs;
	uint32_t pflags;
	uint64_t offset;
	uint64_t offset2;
	uint64_t length;	/* 32 bits of it in READ */
	struct span extra;	/* read only: what follows the last field */
};

/*
 * Finds the next packet of a stream. ERR_AGAIN if it is not whole yet,
 * ERR_FORMAT if it is empty, ERR_LIMIT if its payload would be longer than
 * max: then nothing further in the stream makes sense. It takes payload->len + 4 bytes.
 */
enum err sftp_frame(struct span in, size_t max, struct span *payload);

/*
 * Reads a request. A type or extension that is not known is SFTP_OP_UNKNOWN,
 * and no error as long as there is an id. What follows the last field is no
 * error either (clients of later versions do that): it is left in extra.
 */
enum err sftp_request_get(struct span payload, struct sftp_request *q);

/* Writes the packet of a request; q->op must not be SFTP_OP_UNKNOWN. */
void sftp_request_put(struct writer *w, const struct sftp_request *q);

/*
 * An answer. Which fields count, type says:
 *
 *	STATUS code message language	HANDLE data	DATA data
 *	NAME count names		ATTRS attrs	EXTENDED_REPLY data (all of it)
 *	VERSION_IS version extensions (a bit 1 << op for each in the version that is known here); no id
 */
struct sftp_reply {
	uint8_t type;
	uint32_t id;
	uint32_t version;
	uint64_t extensions;
	uint32_t code;
	struct span message;
	struct span language;
	struct span data;
	uint32_t count;
	struct span names;	/* for sftp_name_get() */
	struct sftp_attrs attrs;
};

/*
 * Reads an answer. ERR_UNSUPPORTED for a type that no server sends. A STATUS
 * may end behind its code. Each name of a NAME has been looked at.
 */
enum err sftp_reply_get(struct span payload, struct sftp_reply *a);

/* One name of a NAME. */
struct sftp_name {
	struct span name;
	struct span longname;	/* a line of ls -l */
	struct sftp_attrs attrs;
};

/* Reads one name. */
void sftp_name_get(struct reader *r, struct sftp_name *n);

/* Writes one name. */
void sftp_name_put(struct writer *w, const struct sftp_name *n);

/* Writes VERSION with all extensions of which allowed has the bit 1 << op. */
void sftp_version_put(struct writer *w, uint64_t allowed);

/* The bit 1 << op of the extension that VERSION names so, in the version known here; else 0. */
uint64_t sftp_extension_bit(struct span name, struct span data);

/* Writes STATUS with the text of the code. */
void sftp_status_put(struct writer *w, uint32_t id, enum sftp_status code);

/* Writes STATUS with a text that says more. */
void sftp_status_text_put(struct writer *w, uint32_t id, enum sftp_status code, const char *text);

/* Writes HANDLE. */
void sftp_handle_put(struct writer *w, uint32_t id, struct span handle);

/* Writes DATA. */
void sftp_data_put(struct writer *w, uint32_t id, struct span data);

/* Writes NAME: count names, written by sftp_name_put(). */
void sftp_names_put(struct writer *w, uint32_t id, uint32_t count, struct span names);

/* Writes ATTRS. */
void sftp_attrs_reply_put(struct writer *w, uint32_t id, const struct sftp_attrs *attrs);

/* Writes EXTENDED_REPLY. */
void sftp_extended_reply_put(struct writer *w, uint32_t id, struct span data);

/* The words for a code ("No such file"); static, also for codes that there are not. */
const char *sftp_status_text(uint32_t code);

/* What statvfs and fstatvfs answer, in an EXTENDED_REPLY. */
struct sftp_statvfs {
	uint64_t bsize;
	uint64_t frsize;
	uint64_t blocks;
	uint64_t bfree;
	uint64_t bavail;
	uint64_t files;
	uint64_t ffree;
	uint64_t favail;
	uint64_t fsid;
	uint64_t flag;		/* SFTP_ST_* */
	uint64_t namemax;
};

/* Flags of it. */
enum sftp_statvfs_flag {
	SFTP_ST_RDONLY = 1,
	SFTP_ST_NOSUID = 2,
};

/* Reads the data of an EXTENDED_REPLY to statvfs. */
enum err sftp_statvfs_get(struct span data, struct sftp_statvfs *v);

/* Writes that data. */
void sftp_statvfs_put(struct writer *w, const struct sftp_statvfs *v);

/* What limits answers, in an EXTENDED_REPLY; 0: not said. */
struct sftp_limits {
	uint64_t packet;
	uint64_t read;
	uint64_t write;
	uint64_t handles;
};

/* Reads the data of an EXTENDED_REPLY to limits. */
enum err sftp_limits_get(struct span data, struct sftp_limits *l);

/* Writes that data. */
void sftp_limits_put(struct writer *w, const struct sftp_limits *l);

#endif

/* SPDX-License-Identifier: ISC */
/* Sending files with the protocol that scp had before SFTP. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sftp/scp.h"
#include "tools/scp.h"

#define BLOCK	(256 * 1024)

bool
scp_response(struct scp *s, struct far *f)
{
	char status, line[SCP_LINE];
	size_t n = 0;

	if (!far_read(f, &status, 1))
		scp_lost(s, f);
	if (status == 0)
		return true;
	if (status != 1 && status != 2)		/* no status: the words of something else */
		line[n++] = status;
	do {
		char c;

		if (!far_read(f, &c, 1))
			scp_lost(s, f);
		if (c == '\n')
			break;
		line[n++] = c;
	} while (n < sizeof(line) - 1);
	line[n] = '\0';
	s->errors++;
	if (!s->is_remote)
		far_print(stderr, "%s\n", line);
	if (status == 1)
		return false;
	(void)far_end(f);
	exit(1);
}

/* Sends a record, and takes what the other side says of it. */
static bool
tell(struct scp *s, struct far *f, const struct scp_record *r)
{
	SCOPED(writer_free) struct writer w = writer_init(2 * SCP_LINE);

	scp_record_put(&w, r);
	if (wr_end(&w) != ERR_OK) {
		scp_error(s, NULL, "name too long");
		return false;
	}
	if (!far_write(f, w.p, w.len))
		scp_lost(s, f);
	return scp_response(s, f);
}

static bool
tell_times(struct scp *s, struct far *f, const struct stat *st)
{
	return !s->is_preserve || tell(s, f, &(struct scp_record){ .kind = 'T',
	    .mtime = st->st_mtime < 0 ? 0 : (uint64_t)st->st_mtime,
	    .atime = st->st_atime < 0 ? 0 : (uint64_t)st->st_atime });
}

/* Sends exactly size bytes; what cannot be read is zeros, and an error (returned, else 0). */
static int
send_bytes(struct scp *s, struct far *f, int fd, uint64_t size)
{
	uint8_t *buf = far_must(malloc(BLOCK));
	uint64_t done = 0;
	int failed = 0;

	while (done < size) {
		size_t want = size - done < BLOCK ? (size_t)(size - done) : BLOCK;
		ssize_t n = failed != 0 ? 0 : read(fd, buf, want);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0 && failed == 0)
			failed = n == 0 ? EIO : errno;
		if (n <= 0) {
			memset(buf, 0, want);
			n = (ssize_t)want;
		}
		if (!far_write(f, buf, (size_t)n)) {
			free(buf);
			scp_lost(s, f);
		}
		done += (uint64_t)n;
		meter_progress(&s->meter, done);
	}
	free(buf);
	return failed;
}

static void
send_file(struct scp *s, struct far *f, const char *path, const char *last, int fd, const struct stat *st)
{
	int failed;

	if (!tell_times(s, f, st) || !tell(s, f, &(struct scp_record){ .kind = 'C', .mode = st->st_mode & 07777,
	    .size = (uint64_t)st->st_size, .name = span_str(last) }))
		return;
	meter_begin(&s->meter, path, (uint64_t)st->st_size, 0);
	failed = send_bytes(s, f, fd, (uint64_t)st->st_size);
	meter_end(&s->meter);
	/* The other side has got as many bytes as were said, but not all of them are the file's. */
	if (failed != 0)
		scp_error(s, f, "%s: %s", path, strerror(failed));
	else if (!far_write(f, "", 1))
		scp_lost(s, f);
	(void)scp_response(s, f);
}

static void send_path(struct scp *s, struct far *f, const char *path, unsigned depth);

static void
send_folder(struct scp *s, struct far *f, const char *path, const char *last, const struct stat *st, unsigned depth)
{
	DIR *dir = depth < SFTP_COPY_DEPTH * 4 ? opendir(path) : NULL;
	struct dirent *d;

	if (dir == NULL) {
		scp_error(s, f, "%s: %s", path, depth < SFTP_COPY_DEPTH * 4 ? strerror(errno) : "too deep");
		return;
	}
	if (tell_times(s, f, st) && tell(s, f, &(struct scp_record){ .kind = 'D', .mode = st->st_mode & 07777,
	    .name = span_str(last) })) {
		while ((d = readdir(dir)) != NULL) {
			char *in;

			if (!sftp_name_is_safe(d->d_name))
				continue;
			in = far_must(sftp_path_join(path, d->d_name));
			send_path(s, f, in, depth + 1);
			free(in);
		}
		(void)tell(s, f, &(struct scp_record){ .kind = 'E' });
	}
	closedir(dir);
}

static void
send_path(struct scp *s, struct far *f, const char *path, unsigned depth)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	char *last = far_must(sftp_path_last(path));
	struct stat st;

	if (fd == -1 || fstat(fd, &st) == -1)
		scp_error(s, f, "%s: %s", path, strerror(errno));
	else if (S_ISREG(st.st_mode))
		send_file(s, f, path, last, fd, &st);
	else if (S_ISDIR(st.st_mode) && s->is_recursive)
		send_folder(s, f, path, last, &st, depth);
	else
		scp_error(s, f, "%s: not a regular file", path);
	if (fd != -1)
		close(fd);
	free(last);
}

void
scp_source(struct scp *s, struct far *f, char **paths, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		/* What a folder would be called there is for the sink: "dir/." is the folder's own name. */
		char *path = far_strdup(paths[i]);
		size_t len = strlen(path);

		while (len > 1 && path[len - 1] == '/')
			path[--len] = '\0';
		send_path(s, f, path, 0);
		free(path);
	}
}

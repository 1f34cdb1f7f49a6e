/* SPDX-License-Identifier: ISC */
#include "os/process_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Rounds after which processes that go on forking have won. */
#define ROUNDS		50

struct node {
	pid_t pid, parent;
	bool is_dead;			/* a zombie: only its parent can do anything for it */
	bool is_ours;
};

struct snapshot {
	struct node *node;
	size_t n, cap;
};

enum err
process_adopt_orphans(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == -1 ? ERR_SYSTEM : ERR_OK;
}

/* Reads state and parent of a process; false if it is gone. */
static bool
look_at(pid_t pid, struct node *out)
{
	char path[32], text[512];
	const char *p;
	ssize_t n;
	char state;
	int fd, parent;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	p = strrchr(text, ')');		/* its name may have anything in it */
	if (p == NULL || sscanf(p + 1, " %c %d", &state, &parent) != 2)
		return false;
	*out = (struct node){ .pid = pid, .parent = (pid_t)parent,
	    .is_dead = state == 'Z' || state == 'X' };
	return true;
}

static enum err
add(struct snapshot *s, const struct node *node)
{
	if (s->n == s->cap) {
		size_t cap = s->cap == 0 ? 256 : 2 * s->cap;
		struct node *grown = realloc(s->node, cap * sizeof(*grown));

		if (grown == NULL)
			return ERR_NOMEM;
		s->node = grown;
		s->cap = cap;
	}
	s->node[s->n++] = *node;
	return ERR_OK;
}

/* All processes that can be seen. */
static enum err
take_snapshot(struct snapshot *s)
{
	DIR *dir = opendir("/proc");
	const struct dirent *d;
	enum err e = ERR_OK;

	if (dir == NULL)
		return ERR_SYSTEM;
	while (e == ERR_OK && (d = readdir(dir)) != NULL) {
		struct node node;
		char *end;
		long pid = strtol(d->d_name, &end, 10);

		if (*end == '\0' && pid > 0 && look_at((pid_t)pid, &node))
			e = add(s, &node);
	}
	closedir(dir);
	return e;
}

static const struct node *
find(const struct snapshot *s, pid_t pid)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->node[i].pid == pid)
			return &s->node[i];
	}
	return NULL;
}

/* Marks what descends from root: as often as there are new ones. */
static void
mark(struct snapshot *s, pid_t root)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < s->n; i++) {
			const struct node *parent;

			if (s->node[i].is_ours)
				continue;
			parent = s->node[i].parent == root ? NULL : find(s, s->node[i].parent);
			if (s->node[i].parent == root || (parent != NULL && parent->is_ours))
				s->node[i].is_ours = more = true;
		}
	}
}

/*
 * Kills a process if it still has the parent it had: the number may have
 * become somebody else's since. False if it need not be asked again.
 */
static bool
kill_one(const struct node *node)
{
	struct node now;
	int fd = (int)syscall(SYS_pidfd_open, node->pid, 0);
	bool killed = false;

	if (fd == -1 && errno != ENOSYS)
		return false;
	/* From here on the descriptor is the process that is looked at, or a dead one. */
	if (look_at(node->pid, &now) && now.parent == node->parent && !now.is_dead)
		killed = fd == -1 ? kill(node->pid, SIGKILL) == 0 :
		    syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0;
	if (fd != -1)
		close(fd);
	return killed;
}

/* A process descriptor becomes readable when its process has ended. */
static bool
has_ended(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return pidfd != -1 && poll(&p, 1, 0) == 1;
}

enum err
process_kill_descendants(pid_t root, int pidfd)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct snapshot s = { .n = 0 };
		bool killed = false;
		enum err e = take_snapshot(&s);

		if (e == ERR_OK)
			mark(&s, root);
		/* If it lives still, the number was its own while the snapshot was taken. */
		if (has_ended(pidfd))
			s.n = 0;
		for (size_t i = 0; e == ERR_OK && i < s.n; i++) {
			if (s.node[i].is_ours && !s.node[i].is_dead)
				killed |= kill_one(&s.node[i]);
		}
		free(s.node);
		if (e != ERR_OK || !killed)
			return e;
	}
	return ERR_LIMIT;
}

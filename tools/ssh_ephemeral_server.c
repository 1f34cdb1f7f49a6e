/* SPDX-License-Identifier: ISC */
/* The throwaway sshd of ssh-ephemeral loopback: made, started, removed. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "crypto/random.h"
#include "keys/fingerprint.h"
#include "keys/private_file.h"
#include "os/file.h"
#include "os/net.h"
#include "os/process.h"
#include "tools/ssh_ephemeral.h"
#include "tools/ssh_ephemeral_loopback.h"

/* How long sshd may take until it serves. */
#define START_MS	15000

/* How long it may take to end when told to. */
#define STOP_MS		3000

/* A port that was free a moment ago may be taken: then another one. */
#define MAX_TRIES	5

/* The key lives as long as the server; EphemeralKeyMaxTTL is set to the same. */
#define GRANT_WEEKS	52

/* --- programs --- */

/* The folder of this program's own file. */
static bool
own_folder(char *buf, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", buf, size - 1);
	char *slash;

	if (n <= 0)
		return false;
	buf[n] = '\0';
	slash = strrchr(buf, '/');
	if (slash == NULL)
		return false;
	*slash = '\0';
	return true;
}

/* The first of: folder/beside, folder/name, installed; false if none can be run. */
static bool
find_program(char *out, size_t size, const char *beside, const char *name, const char *installed)
{
	char folder[400];

	if (own_folder(folder, sizeof(folder))) {
		snprintf(out, size, "%s/%s", folder, beside);
		if (access(out, X_OK) == 0)
			return true;
		snprintf(out, size, "%s/%s", folder, name);
		if (access(out, X_OK) == 0)
			return true;
	}
	snprintf(out, size, "%s/%s", installed, name);
	return access(out, X_OK) == 0;
}

int
loopback_find(struct loopback *lb, const char *sshd, bool needs_ssh)
{
	char *absolute;

	if (sshd != NULL) {
		absolute = realpath(sshd, NULL);
		if (absolute == NULL || strlen(absolute) >= sizeof(lb->sshd)) {
			free(absolute);
			return eph_complain(EPH_USAGE, "--sshd: %s: %s", sshd, strerror(errno));
		}
		snprintf(lb->sshd, sizeof(lb->sshd), "%s", absolute);
		free(absolute);
	} else if (!find_program(lb->sshd, sizeof(lb->sshd), "../sbin/sshd", "sshd", SBIN_DIR)) {
		return eph_complain(EPH_REFUSED, "there is no sshd beside this program: give --sshd PATH");
	}
	if (!find_program(lb->ssh, sizeof(lb->ssh), "ssh", "ssh", BIN_DIR) && needs_ssh)
		return eph_complain(EPH_REFUSED, "there is no ssh beside this program");
	return EPH_DONE;
}

/* --- folder, keys, configs --- */

static bool
make_folder(struct loopback *lb)
{
	const char *places[] = { getenv("TMPDIR"), "/tmp", getenv("XDG_RUNTIME_DIR"), "/run",
	    "/dev/shm" };

	for (size_t i = 0; i < COUNT(places); i++) {
		/* Short enough for a socket's name behind it. */
		if (places[i] == NULL || places[i][0] != '/' || strlen(places[i]) > 32)
			continue;
		snprintf(lb->folder, sizeof(lb->folder), "%s/dayfly-loopback-XXXXXX", places[i]);
		if (mkdtemp(lb->folder) != NULL)
			return true;
	}
	lb->folder[0] = '\0';
	return false;
}

static enum err
write_known_hosts(const struct loopback *lb)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);

	wr_printf(&w, "[127.0.0.1]:%u ", (unsigned)lb->port);
	public_line_put(&w, key_blob(lb->host.key), SPAN_EMPTY);
	wr_printf(&w, "\n");
	TRY(wr_end(&w));
	return file_create(lb->known_hosts, writer_span(&w), 0600, FILE_REPLACE);
}

static enum err
write_server_config(const struct loopback *lb)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);

	wr_printf(&w, "# a throwaway sshd of ssh-ephemeral loopback\n"
	    "%s%s%s"
	    "ListenAddress 127.0.0.1\n"
	    "Port %u\n"
	    "HostKey %s\n"
	    "PidFile none\n"
	    "LogLevel ERROR\n"
	    "AuthorizedKeysFile none\n"
	    "PasswordAuthentication no\n"
	    "KbdInteractiveAuthentication no\n"
	    "PermitRootLogin prohibit-password\n"
	    "ShadowFile none\n"
	    "PrintMotd no\n"
	    "PrintLastLog no\n"
	    "Subsystem sftp internal-sftp\n"
	    "MaxStartups 1000\n"
	    "PerSourcePenalties no\n"
	    "EphemeralKeySocket %s\n"
	    "EphemeralKeyMaxTTL %dw\n",
	    lb->has_virtual ? "PasswdFile /etc/passwd " : "", lb->has_virtual ? lb->passwd : "",
	    lb->has_virtual ? "\n" : "",
	    (unsigned)lb->port, lb->host.path, lb->socket, GRANT_WEEKS);
	TRY(wr_end(&w));
	return file_create(lb->server_config, writer_span(&w), 0600, FILE_REPLACE);
}

static enum err
write_client_config(const struct loopback *lb)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_LINE);

	wr_printf(&w, "# for the throwaway sshd of ssh-ephemeral loopback\n");
	for (size_t i = 0; i < lb->n_users; i++)
		wr_printf(&w, "Host %s.loopback\n\tUser %s\n", lb->users[i], lb->users[i]);
	wr_printf(&w, "Host loopback *.loopback\n"
	    "\tHostName 127.0.0.1\n"
	    "\tPort %u\n"
	    "\tUser %s\n"
	    "\tIdentityFile %s\n"
	    "\tIdentitiesOnly yes\n"
	    "\tIdentityAgent none\n"
	    "\tPreferredAuthentications publickey\n"
	    "\tUserKnownHostsFile %s\n"
	    "\tGlobalKnownHostsFile /dev/null\n"
	    "\tStrictHostKeyChecking yes\n"
	    "\tCheckHostIP no\n"
	    "\tControlPath none\n",
	    (unsigned)lb->port, lb->users[0], lb->user.path, lb->known_hosts);
	TRY(wr_end(&w));
	return file_create(lb->config, writer_span(&w), 0600, FILE_REPLACE);
}

/* A port of 127.0.0.1 that nobody uses at this moment. */
static enum err
choose_port(struct loopback *lb)
{
	struct endpoint at = { .address = { .family = 4, .bytes = { 127, 0, 0, 1 } } }, got;
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	int fd;

	TRY(net_listen(&at, 1, &fd));
	if (getsockname(fd, (struct sockaddr *)&sa, &len) == -1) {
		close(fd);
		return ERR_SYSTEM;
	}
	close(fd);
	TRY(endpoint_from_sockaddr(&got, &sa));
	lb->port = got.port;
	return ERR_OK;
}

static enum err
write_files(struct loopback *lb)
{
	TRY(choose_port(lb));
	TRY(loopback_write_passwd(lb));
	TRY(write_known_hosts(lb));
	TRY(write_server_config(lb));
	return write_client_config(lb);
}

int
loopback_prepare(struct loopback *lb)
{
	int code = loopback_check_users(lb);
	enum err e;

	if (code != EPH_DONE)
		return code;
	if (!make_folder(lb))
		return eph_complain(EPH_REFUSED, "cannot make a folder for the configs: %s",
		    strerror(errno));
	snprintf(lb->config, sizeof(lb->config), "%s/ssh_config", lb->folder);
	snprintf(lb->known_hosts, sizeof(lb->known_hosts), "%s/known_hosts", lb->folder);
	snprintf(lb->server_config, sizeof(lb->server_config), "%s/sshd_config", lb->folder);
	snprintf(lb->passwd, sizeof(lb->passwd), "%s/passwd", lb->folder);
	snprintf(lb->socket, sizeof(lb->socket), "%s/control.sock", lb->folder);
	e = eph_key_make(&lb->host, "loopback host key");
	if (e == ERR_OK)
		e = eph_key_make(&lb->user, "loopback user key");
	if (e != ERR_OK)
		return eph_complain(EPH_REFUSED, "cannot make keys in memory: %s",
		    e == ERR_SYSTEM ? strerror(errno) : err_text(e));
	return EPH_DONE;
}

/* --- the server --- */

/* Whether sshd is still there; takes note of its end. */
static bool
is_running(struct loopback *lb)
{
	if (lb->server != 0 && waitpid(lb->server, &lb->server_status, WNOHANG) == lb->server)
		lb->server = 0;
	return lb->server != 0;
}

static enum err
launch(struct loopback *lb)
{
	char *argv[2 * LOOPBACK_MAX + 6] = { lb->sshd, (char[]){ "-D" }, (char[]){ "-e" },
	    (char[]){ "-f" }, lb->server_config };
	char minus_o[] = "-o";
	struct process_job job = process_job(lb->sshd, argv);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct process_fd fds[] = { { null, 0 }, { null, 1 }, { STDERR_FILENO, 2 } };
	enum err e;

	if (null == -1)
		return ERR_SYSTEM;
	for (size_t i = 0; i < lb->n_options; i++) {
		argv[5 + 2 * i] = minus_o;
		argv[6 + 2 * i] = (char *)lb->options[i];
	}
	job.fds = fds;
	job.n_fds = COUNT(fds);
	job.directory = "/";
	/* Ctrl-C at the terminal is for the command, not for its server. */
	job.new_session = true;
	job.dies_with_parent = true;
	e = process_start(&job, &lb->server);
	close(null);
	if (e != ERR_OK)
		lb->server = 0;
	return e;
}

/* Whether something has taken the port since it was chosen. */
static bool
port_is_taken(const struct loopback *lb)
{
	struct endpoint at = { .address = { .family = 4, .bytes = { 127, 0, 0, 1 } },
	    .port = lb->port };
	int fd;

	if (net_listen(&at, 1, &fd) != ERR_OK)
		return true;
	close(fd);
	return false;
}

/* Waits until the control socket answers: then the server's loop runs, and it listens. */
static enum err
wait_until_served(struct loopback *lb, struct eph_client *c, const bool *stop)
{
	msec give_up = loop_time(lb->loop) + START_MS;

	while (!*stop && is_running(lb) && loop_time(lb->loop) < give_up) {
		if (eph_try(c, lb->socket) == ERR_OK)
			return ERR_OK;
		TRY(loop_turn(lb->loop, loop_time(lb->loop) + 1));
	}
	return *stop ? ERR_CLOSED : lb->server == 0 ? ERR_NOTFOUND : ERR_TIMEOUT;
}

static void
keep_id(void *arg, const struct msg_ctl_grant *m)
{
	struct loopback *lb = arg;

	if (lb->id[0] == '\0')
		snprintf(lb->id, sizeof(lb->id), "%.*s", (int)m->id.len, (const char *)m->id.p);
}

static int
register_key(struct loopback *lb, struct eph_client *c, const char *user)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_IPC);
	struct msg_ctl_add m = { .user = span_str(user), .key = key_blob(lb->user.key),
	    .ttl = (uint64_t)GRANT_WEEKS * 7 * 24 * 3600 * 1000, .comment = SPAN_LIT("loopback") };

	c->grant = keep_id;
	c->arg = lb;
	msg_ctl_add_put(&w, &m);
	return eph_ask(c, &w);
}

int
loopback_start(struct loopback *lb, const bool *stop)
{
	struct eph_client c;
	enum err e = ERR_NOTFOUND;
	int code;

	for (int i = 0; i < MAX_TRIES && e == ERR_NOTFOUND; i++) {
		if (i > 0 && !port_is_taken(lb))
			break;
		e = write_files(lb);
		if (e == ERR_OK)
			e = launch(lb);
		if (e != ERR_OK)
			return eph_complain(EPH_REFUSED, "cannot start %s: %s", lb->sshd,
			    e == ERR_SYSTEM ? strerror(errno) : err_text(e));
		e = wait_until_served(lb, &c, stop);
	}
	if (e == ERR_CLOSED)
		return EPH_REFUSED;
	if (e == ERR_TIMEOUT)
		return eph_complain(EPH_REFUSED, "%s does not serve within %d seconds", lb->sshd,
		    START_MS / 1000);
	if (e != ERR_OK)
		return eph_complain(EPH_REFUSED, "%s has ended before it served", lb->sshd);
	code = EPH_DONE;
	for (size_t i = 0; i < lb->n_users && code == EPH_DONE; i++)
		code = register_key(lb, &c, lb->users[i]);
	eph_close(&c);
	return code;
}

/* Sessions outlive the end of a server; these must not. */
static void
end_sessions(struct loopback *lb)
{
	SCOPED(writer_free) struct writer w = writer_init(LIMIT_IPC);
	struct eph_client c;

	if (eph_try(&c, lb->socket) != ERR_OK)
		return;
	msg_ctl_revoke_put(&w, &(struct msg_ctl_revoke){ .all = true, .kill = true });
	(void)eph_ask(&c, &w);
	eph_close(&c);
}

void
loopback_stop(struct loopback *lb)
{
	msec give_up;

	if (!is_running(lb))
		return;
	end_sessions(lb);
	kill(lb->server, SIGTERM);
	give_up = loop_time(lb->loop) + STOP_MS;
	while (is_running(lb) && loop_time(lb->loop) < give_up) {
		if (loop_turn(lb->loop, loop_time(lb->loop) + 5) != ERR_OK)
			break;
	}
	if (!is_running(lb))
		return;
	kill(lb->server, SIGKILL);
	while (waitpid(lb->server, &lb->server_status, 0) == -1 && errno == EINTR)
		;
	lb->server = 0;
}

void
loopback_clean(struct loopback *lb)
{
	eph_key_forget(&lb->host);
	eph_key_forget(&lb->user);
	if (lb->folder[0] != '\0') {
		(void)unlink(lb->config);
		(void)unlink(lb->known_hosts);
		(void)unlink(lb->server_config);
		(void)unlink(lb->passwd);
		(void)unlink(lb->socket);
		if (rmdir(lb->folder) == -1)
			(void)eph_complain(0, "%s: %s", lb->folder, strerror(errno));
	}
	account_free(&lb->me);
}

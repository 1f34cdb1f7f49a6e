/* SPDX-License-Identifier: ISC */
#include "os/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__x86_64__)
#define AUDIT_ARCH_HERE	AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define AUDIT_ARCH_HERE	AUDIT_ARCH_AARCH64
#elif defined(__i386__)
#define AUDIT_ARCH_HERE	AUDIT_ARCH_I386
#elif defined(__arm__)
#define AUDIT_ARCH_HERE	AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define AUDIT_ARCH_HERE	AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define AUDIT_ARCH_HERE	AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define AUDIT_ARCH_HERE	AUDIT_ARCH_S390X
#endif

/* Two instructions a call, seven an option, and a few around them. */
#define FILTER_MAX	256

enum err
sandbox_no_new_privs(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ? ERR_SYSTEM : ERR_OK;
}

#if defined(AUDIT_ARCH_HERE) && !defined(SANITIZED)

static void
emit(struct sock_filter *f, size_t *n, struct sock_filter one)
{
	must(*n < FILTER_MAX);
	f[(*n)++] = one;
}

/* Where the low half of an argument stands. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define ARGUMENT(i)	(offsetof(struct seccomp_data, args[i]) + 4)
#else
#define ARGUMENT(i)	offsetof(struct seccomp_data, args[i])
#endif

#define LOAD(at)	((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(at)))

/* Goes on with the next instruction, or jumps over n of them. */
#define UNLESS_SKIP(value, n)							\
	((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 0, n))

/* Allows a call with these arguments; the call's number is loaded again behind it. */
static void
emit_option(struct sock_filter *f, size_t *n, const struct sandbox_call *call)
{
	emit(f, n, UNLESS_SKIP(call->number, 6));
	emit(f, n, LOAD(ARGUMENT(1)));
	emit(f, n, UNLESS_SKIP(call->level, 3));
	emit(f, n, LOAD(ARGUMENT(2)));
	emit(f, n, UNLESS_SKIP(call->option, 1));
	emit(f, n, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
	emit(f, n, LOAD(offsetof(struct seccomp_data, nr)));
}

/* The program: check the architecture, then one comparison a call. */
static size_t
build_filter(struct sock_filter *f, const struct sandbox_call *calls, size_t n_calls)
{
	size_t n = 0;

	emit(f, &n, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	    offsetof(struct seccomp_data, arch)));
	emit(f, &n, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_HERE, 1, 0));
	emit(f, &n, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
	emit(f, &n, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	    offsetof(struct seccomp_data, nr)));
	for (size_t i = 0; i < n_calls; i++) {
		uint32_t verdict = calls[i].verdict == SANDBOX_ALLOW ? SECCOMP_RET_ALLOW :
		    (SECCOMP_RET_ERRNO | EPERM);

		if (calls[i].is_option) {
			emit_option(f, &n, &calls[i]);
			continue;
		}
		emit(f, &n, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
		    (uint32_t)calls[i].number, 0, 1));
		emit(f, &n, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict));
	}
	emit(f, &n, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
	return n;
}

enum err
sandbox_calls(const struct sandbox_call *calls, size_t n_calls)
{
	struct sock_filter filter[FILTER_MAX];
	struct sock_fprog program = { .filter = filter };

	TRY(sandbox_no_new_privs());
	program.len = (unsigned short)build_filter(filter, calls, n_calls);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == -1)
		return errno == EINVAL ? ERR_UNSUPPORTED : ERR_SYSTEM;
	return ERR_OK;
}

#else

enum err
sandbox_calls(const struct sandbox_call *calls, size_t n_calls)
{
	(void)calls;
	(void)n_calls;
	return sandbox_no_new_privs();
}

#endif

/* Makes a directory under parent, enters it, removes it, and makes it the root. */
static bool
root_in_removed(const char *parent)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/dayfly.XXXXXX", parent);
	if (mkdtemp(path) == NULL)
		return false;
	if (chdir(path) == -1) {
		(void)rmdir(path);
		return false;
	}
	(void)rmdir(path);
	return chroot(".") == 0;
}

enum err
sandbox_empty_root(void)
{
	static const char *const writable[] = { "/run", "/tmp", "/dev/shm", "/var/tmp" };
	static const char *const empty[] = { "/var/empty", "/run/sshd", "/proc/self/fdinfo" };

	for (size_t i = 0; i < COUNT(writable); i++) {
		if (root_in_removed(writable[i]))
			return chdir("/") == -1 ? ERR_SYSTEM : ERR_OK;
	}
	for (size_t i = 0; i < COUNT(empty); i++) {
		if (chdir(empty[i]) == 0 && chroot(".") == 0)
			return chdir("/") == -1 ? ERR_SYSTEM : ERR_OK;
	}
	return ERR_SYSTEM;
}

void
sandbox_limits(void)
{
	struct rlimit none = { 0, 0 }, files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < SANDBOX_FILES) {
		files.rlim_cur = files.rlim_max < SANDBOX_FILES ? files.rlim_max : SANDBOX_FILES;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	(void)setrlimit(RLIMIT_FSIZE, &none);
	(void)setrlimit(RLIMIT_NPROC, &none);
	(void)setrlimit(RLIMIT_CORE, &none);
}

/* SPDX-License-Identifier: ISC */
/*
 * Dumps of both configs against golden files; configs as distributions ship
 * them; and dumps that are loaded again. A golden file that is to change is
 * written by hand, or by running this with GOLDEN_WRITE=1 and looking at it.
 */
#include "regress/support/config_load.h"
#include "regress/support/kat.h"

/* Writes text with the folder of the build's configs as @confdir@. */
static void
put_without_paths(struct writer *w, struct span text)
{
	struct span dir = SPAN_LIT(SSH_CONF_DIR);

	while (text.len > 0) {
		if (span_starts(text, dir)) {
			wr_raw(w, SPAN_LIT("@confdir@"));
			text = span_skip(text, dir.len);
		} else {
			wr_u8(w, text.p[0]);
			text = span_skip(text, 1);
		}
	}
}

/* Compares a dump with a file below regress/golden. */
static void
assert_golden(struct span dump, const char *name)
{
	SCOPED(writer_free) struct writer w = writer_init(1 << 20);
	char path[200];
	char *golden;
	size_t len;

	put_without_paths(&w, dump);
	assert_int_equal(wr_end(&w), ERR_OK);
	snprintf(path, sizeof(path), "regress/golden/%s", name);
	if (getenv("GOLDEN_WRITE") != NULL) {
		char full[600];
		FILE *f;

		snprintf(full, sizeof(full), "%s/%s", getenv("SRCDIR"), path);
		f = fopen(full, "w");
		assert_non_null(f);
		fwrite(w.p, 1, w.len, f);
		fclose(f);
	}
	golden = kat_file(path, &len);
	if (!span_eq(writer_span(&w), span_of(golden, len)))
		fail_msg("%s differs; the dump is:\n%.*s", path, (int)w.len, (const char *)w.p);
	free(golden);
}

/* Dumps a server config's global values. */
static void
dump_sshd(struct span text, struct writer *w)
{
	SCOPED(sshd_config_free) struct sshd_config c = { 0 };
	struct fake_io io = { 0 };
	struct sshd_input in = {
		.io = config_io_of(&io), .algs = fake_algs(), .name = "f", .text = text,
	};
	struct sshd_rules *rules;

	if (sshd_rules_load(&rules, &in) != ERR_OK)
		fail_msg("%s", io.errors);
	assert_int_equal(sshd_config_for(&c, rules, NULL), ERR_OK);
	sshd_config_dump(&c, w);
	assert_int_equal(wr_end(w), ERR_OK);
	sshd_rules_free(rules);
}

/* Dumps a client config. */
static void
dump_ssh(struct span text, struct writer *w)
{
	SCOPED(ssh_config_free) struct ssh_config c = { 0 };
	struct fake_io io = { 0 };
	struct ssh_input in = ssh_input_of(&io);

	if (ssh_config_read(&c, &in, "f", text, false) != ERR_OK)
		fail_msg("%s", io.errors);
	in.facts.final = true;
	assert_int_equal(ssh_config_read(&c, &in, "f", text, false), ERR_OK);
	assert_int_equal(ssh_config_defaults(&c, &in), ERR_OK);
	ssh_config_dump(&c, in.facts.original_host, w);
	assert_int_equal(wr_end(w), ERR_OK);
}

/* Loads what dump() gave, and wants the same again. */
static void
assert_comes_back(void (*dump)(struct span text, struct writer *w), struct span text)
{
	SCOPED(writer_free) struct writer once = writer_init(1 << 20);
	SCOPED(writer_free) struct writer twice = writer_init(1 << 20);

	dump(text, &once);
	dump(writer_span(&once), &twice);
	if (!span_eq(writer_span(&once), writer_span(&twice)))
		fail_msg("%.*s\nbecomes\n%.*s", (int)once.len, (const char *)once.p,
		    (int)twice.len, (const char *)twice.p);
}

static void
the_defaults_of_sshd_are_as_written_down(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1 << 20);

	(void)state;
	dump_sshd(SPAN_EMPTY, &w);
	assert_golden(writer_span(&w), "sshd_config_defaults.txt");
	assert_comes_back(dump_sshd, SPAN_EMPTY);
}

static void
the_defaults_of_ssh_are_as_written_down(void **state)
{
	SCOPED(writer_free) struct writer w = writer_init(1 << 20);

	(void)state;
	dump_ssh(SPAN_EMPTY, &w);
	assert_golden(writer_span(&w), "ssh_config_defaults.txt");
	assert_comes_back(dump_ssh, SPAN_EMPTY);
}

static void
configs_of_distributions_load_and_come_back(void **state)
{
	static const struct {
		const char *name;
		bool server;
	} files[] = {
		{ "sshd_debian", true }, { "sshd_fedora", true }, { "sshd_suse", true },
		{ "sshd_arch", true }, { "sshd_alpine", true },
		{ "sshd_dump_openssh", true }, { "ssh_dump_openssh", false },
		{ "ssh_debian", false }, { "ssh_fedora", false }, { "ssh_suse", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		char path[100];
		char *text;
		size_t len;

		snprintf(path, sizeof(path), "regress/golden/config/%s.conf", files[i].name);
		text = kat_file(path, &len);
		assert_comes_back(files[i].server ? dump_sshd : dump_ssh, span_of(text, len));
		free(text);
	}
}

static void
the_sample_of_openssh_loads_and_comes_back(void **state)
{
	static const struct span sample = SPAN_LIT("AuthorizedKeysFile\t.ssh/authorized_keys\n"
	    "Subsystem\tsftp\t/usr/libexec/sftp-server\n");

	(void)state;
	assert_comes_back(dump_sshd, sample);
}

static void
odd_values_come_back_too(void **state)
{
	static const struct span server[] = {
		SPAN_LIT("Banner \"/a b\"\nForceCommand ==x\nVersionAddendum \"\"\n"),
		SPAN_LIT("VersionAddendum \"=a  #b\"\nSubsystem \"a b\" /x 'y  z' # c\n"),
		SPAN_LIT("SetEnv \"A=\\\"q\\\" 'r' \\\\\" B=#\nAllowUsers \"#x\" '=y' none\n"),
		SPAN_LIT("ListenAddress [fe80::1%eth0]\nPermitOpen [::1]:* *:*\nPort 5\nPort 6\n"),
		SPAN_LIT("PerSourcePenalties min:0.001 overflow6:deny-all\nIPQoS 0 255\n"),
		SPAN_LIT("AuthorizedKeysFile none x\nLogVerbose \"\\\\\"\nRekeyLimit 17 1\n"),
	};
	static const struct span client[] = {
		SPAN_LIT("EscapeChar \"#\"\nUser \"a b\"\nProxyCommand =x \"y # z\"\n"),
		SPAN_LIT("EscapeChar \" \"\nRemoteForward [::1]:0\nLocalForward \"/a b\" h:1\n"),
		SPAN_LIT("SendEnv none\nTunnelDevice 0\nIdentityFile none\nIdentityFile \"/x y\"\n"),
		SPAN_LIT("RefuseConnection \"a  'b'\"\nControlPath none\nPermitRemoteOpen none\n"),
		SPAN_LIT("IgnoreUnknown \"a b,c\"\nTag none\nConnectTimeout 0\nControlPersist 0\n"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(server); i++)
		assert_comes_back(dump_sshd, server[i]);
	for (size_t i = 0; i < COUNT(client); i++)
		assert_comes_back(dump_ssh, client[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_defaults_of_sshd_are_as_written_down),
		cmocka_unit_test(the_defaults_of_ssh_are_as_written_down),
		cmocka_unit_test(configs_of_distributions_load_and_come_back),
		cmocka_unit_test(the_sample_of_openssh_loads_and_comes_back),
		cmocka_unit_test(odd_values_come_back_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: ISC */
/* ssh-ephemeral login: the way to a device that listens under its name on a relay. */
#include <string.h>

#include "base/text.h"
#include "tools/assist.h"

/* Writes a word for the shell, and for the tokens of ProxyCommand. */
static void
put_word(struct writer *w, const char *word)
{
	wr_raw(w, SPAN_LIT("'"));
	for (const char *p = word; *p != '\0'; p++) {
		if (*p == '\'')
			wr_raw(w, SPAN_LIT("'\\''"));
		else if (*p == '%')
			wr_raw(w, SPAN_LIT("%%"));
		else
			wr_u8(w, (uint8_t)*p);
	}
	wr_raw(w, SPAN_LIT("' "));
}

int
eph_relay_argv(const struct eph_where *w, const char *through, const char *user,
    struct writer *way, struct eph_argv *a)
{
	const char *at = strchr(through, '@');
	char device[64], to[80];
	struct eph_argv relay;
	int code;

	snprintf(device, sizeof(device), "%.*s", at == NULL ? 0 : (int)(at - through), through);
	if (at == NULL || (size_t)(at - through) >= sizeof(device) || !name_is_valid(span_str(device)))
		return eph_usage("login: a code that begins with R- needs DEVICE@[USER@]RELAY");
	code = eph_ssh_argv(w, at + 1, &relay);
	if (code != EPH_DONE)
		return code;
	snprintf(to, sizeof(to), "-W%s:22", device);
	eph_argv_add(&relay, to);
	eph_argv_add(&relay, "--");
	eph_argv_add(&relay, relay.host);
	wr_raw(way, SPAN_LIT("-oProxyCommand="));
	for (size_t i = 0; i < relay.n; i++)
		put_word(way, relay.v[i]);
	wr_u8(way, 0);
	if (wr_end(way) != ERR_OK)
		return eph_complain(EPH_REFUSED, "login: that are too many options");
	*a = (struct eph_argv){ .n = 0 };
	snprintf(a->program, sizeof(a->program), "%s", relay.program);
	snprintf(a->host, sizeof(a->host), "%s@%s", user == NULL ? "root" : user, device);
	eph_argv_add(a, a->program);
	eph_argv_add(a, (const char *)way->p);
	/* The config, and how much is said, are for both. */
	for (size_t i = 0; i < w->n_options; i++) {
		if (strchr("Fqv", w->options[i].name[1]) == NULL)
			continue;
		eph_argv_add(a, w->options[i].name);
		if (w->options[i].value != NULL)
			eph_argv_add(a, w->options[i].value);
	}
	return EPH_DONE;
}

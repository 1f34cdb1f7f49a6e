/* SPDX-License-Identifier: ISC */
#include "os/reverse.h"

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

#include "os/clock.h"
#include "os/dns.h"
#include "os/names.h"

/* What has come of the question. */
struct answer {
	enum err err;
	bool done;
	char name[REVERSE_MAX];
};

static void
on_answer(void *arg, int status, int timeouts, struct hostent *host)
{
	struct answer *a = arg;

	(void)timeouts;
	a->done = true;
	a->err = ERR_TIMEOUT;
	if (status == ARES_ENOTFOUND || status == ARES_ENODATA)
		a->err = ERR_NOTFOUND;
	else if (status == ARES_ENOMEM)
		a->err = ERR_NOMEM;
	if (status != ARES_SUCCESS || host == NULL)
		return;
	a->err = ERR_DENIED;
	if (host->h_name == NULL || strlen(host->h_name) >= sizeof(a->name))
		return;
	strcpy(a->name, host->h_name);
	a->err = ERR_OK;
}

/* The name that the address claims. */
static enum err
ask(const struct address *a, msec until, struct answer *answer)
{
	ares_channel channel;

	TRY(dns_open(&channel, "fb", NULL, 0));
	ares_gethostbyaddr(channel, a->bytes, a->family == 4 ? 4 : 16, a->family == 4 ? AF_INET : AF_INET6,
	    on_answer, answer);
	dns_wait(channel, until, &answer->done);
	dns_close(channel);		/* calls on_answer() if nothing has come */
	return answer->err;
}

/* Letters, digits, "-", "_" and ".", and not an address in numbers; lower case from here on. */
static bool
is_plausible(char *name)
{
	struct address a;

	for (char *c = name; *c != '\0'; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c | 0x20);
		if (!(*c >= 'a' && *c <= 'z') && !(*c >= '0' && *c <= '9') && *c != '-' && *c != '_' && *c != '.')
			return false;
	}
	return name[0] != '\0' && address_parse(span_str(name), &a) != ERR_OK &&
	    strspn(name, "0123456789.") < strlen(name);
}

/* Whether the name's addresses have this one. */
static enum err
maps_back(const char *name, const struct address *a, msec until)
{
	msec now = clock_boot();
	struct names_result r;
	enum err e = names_wait(name, 0, a->family == 4 ? NAMES_INET : NAMES_INET6,
	    now < until ? until - now : 1, &r);

	if (e == ERR_OK)
		e = ERR_DENIED;
	for (size_t i = 0; e == ERR_DENIED && i < r.n; i++) {
		if (r.v[i].address.family == a->family &&
		    memcmp(r.v[i].address.bytes, a->bytes, a->family == 4 ? 4 : 16) == 0)
			e = ERR_OK;
	}
	names_result_free(&r);
	return e == ERR_NOTFOUND ? ERR_DENIED : e;
}

enum err
reverse_wait(const struct address *a, msec timeout, char name[static REVERSE_MAX])
{
	msec until = clock_boot() + timeout;
	struct answer answer = { .err = ERR_TIMEOUT };
	enum err e = ask(a, until, &answer);
	size_t len = strlen(answer.name);

	if (len > 0 && answer.name[len - 1] == '.')
		answer.name[len - 1] = '\0';
	strcpy(name, answer.name);
	if (e == ERR_OK)
		e = is_plausible(name) ? maps_back(name, a, until) : ERR_DENIED;
	return e;
}

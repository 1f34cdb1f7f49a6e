/* SPDX-License-Identifier: ISC */
#include "conn/legality.h"

#define S(name)		(1u << STATE_##name)

#define INITIAL		(S(KEXINIT) | S(KEX) | S(NEWKEYS))	/* the first key exchange */
#define REKEYING	(S(REKEX) | S(RENEWKEYS))
#define RUNNING		(S(SERVICE) | S(AUTH) | S(OPEN))
#define ANY		(INITIAL | REKEYING | RUNNING)
#define METHOD		(S(KEX) | S(REKEX))

#define TRANSPORT(fn)	.transport = transport_on_##fn
#define AUTH(fn)	.auth = auth_on_##fn
#define CHANNELS(fn)	.channels = channels_on_##fn

/* By number, each once. */
static const struct rule rules[] = {
	/*  nr  name                  client gets it in     server gets it in     not if strict */
	{   1, "DISCONNECT",          ANY,                  ANY,                  0,       TRANSPORT(disconnect) },
	{   2, "IGNORE",              ANY,                  ANY,                  INITIAL, TRANSPORT(ignore) },
	{   3, "UNIMPLEMENTED",       ANY,                  ANY,                  INITIAL, TRANSPORT(unimplemented) },
	{   4, "DEBUG",               ANY,                  ANY,                  INITIAL, TRANSPORT(debug) },
	{   5, "SERVICE_REQUEST",     0,                    S(SERVICE) | S(AUTH), 0,       AUTH(service_request) },
	{   6, "SERVICE_ACCEPT",      S(SERVICE),           0,                    0,       AUTH(service_accept) },
	{   7, "EXT_INFO",            S(SERVICE) | S(AUTH), S(SERVICE),           0,       TRANSPORT(ext_info) },
	{  20, "KEXINIT",             S(KEXINIT) | RUNNING, S(KEXINIT) | RUNNING, 0,       TRANSPORT(kexinit) },
	{  21, "NEWKEYS",             S(NEWKEYS) | S(RENEWKEYS), S(NEWKEYS) | S(RENEWKEYS), 0, TRANSPORT(newkeys) },
	{  30, "KEX_30",              0,                    METHOD,               0,       TRANSPORT(kex) },
	{  31, "KEX_31",              METHOD,               0,                    0,       TRANSPORT(kex) },
	{  32, "KEX_32",              0,                    METHOD,               0,       TRANSPORT(kex) },
	{  33, "KEX_33",              METHOD,               0,                    0,       TRANSPORT(kex) },
	{  34, "KEX_34",              0,                    METHOD,               0,       TRANSPORT(kex) },
	{  50, "USERAUTH_REQUEST",    0,                    S(AUTH) | S(OPEN),    0,       AUTH(request) },
	{  51, "USERAUTH_FAILURE",    S(AUTH),              0,                    0,       AUTH(failure) },
	{  52, "USERAUTH_SUCCESS",    S(AUTH),              0,                    0,       AUTH(success) },
	{  53, "USERAUTH_BANNER",     S(AUTH),              0,                    0,       AUTH(banner) },
	{  60, "USERAUTH_60",         S(AUTH),              0,                    0,       AUTH(60) },
	{  61, "USERAUTH_INFO_RESPONSE", 0,                 S(AUTH),              0,       AUTH(info_response) },
	{  80, "GLOBAL_REQUEST",      S(OPEN),              S(OPEN),              0,       CHANNELS(global_request) },
	{  81, "REQUEST_SUCCESS",     S(OPEN),              S(OPEN),              0,       CHANNELS(request_success) },
	{  82, "REQUEST_FAILURE",     S(OPEN),              S(OPEN),              0,       CHANNELS(request_failure) },
	{  90, "CHANNEL_OPEN",        S(OPEN),              S(OPEN),              0,       CHANNELS(open) },
	{  91, "CHANNEL_OPEN_CONFIRMATION", S(OPEN),        S(OPEN),              0,       CHANNELS(open_confirmation) },
	{  92, "CHANNEL_OPEN_FAILURE", S(OPEN),             S(OPEN),              0,       CHANNELS(open_failure) },
	{  93, "CHANNEL_WINDOW_ADJUST", S(OPEN),            S(OPEN),              0,       CHANNELS(window_adjust) },
	{  94, "CHANNEL_DATA",        S(OPEN),              S(OPEN),              0,       CHANNELS(data) },
	{  95, "CHANNEL_EXTENDED_DATA", S(OPEN),            S(OPEN),              0,       CHANNELS(extended_data) },
	{  96, "CHANNEL_EOF",         S(OPEN),              S(OPEN),              0,       CHANNELS(eof) },
	{  97, "CHANNEL_CLOSE",       S(OPEN),              S(OPEN),              0,       CHANNELS(close) },
	{  98, "CHANNEL_REQUEST",     S(OPEN),              S(OPEN),              0,       CHANNELS(request) },
	{  99, "CHANNEL_SUCCESS",     S(OPEN),              S(OPEN),              0,       CHANNELS(success) },
	{ 100, "CHANNEL_FAILURE",     S(OPEN),              S(OPEN),              0,       CHANNELS(failure) },
	{ 192, "PING",                S(OPEN),              S(OPEN),              0,       TRANSPORT(ping) },
	{ 193, "PONG",                S(OPEN),              S(OPEN),              0,       TRANSPORT(pong) },
};

static const struct rule *
find(uint8_t number)
{
	size_t low = 0, high = COUNT(rules);

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (rules[middle].number == number)
			return &rules[middle];
		if (rules[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/*
 * What to do about a number that nobody has defined. RFC 4253 11.4 asks for
 * UNIMPLEMENTED; 7.1 forbids all but the transport's generic messages (1 to
 * 19) during a key exchange, and strict key exchange those too; RFC 4252 6
 * demands that 80 and above end the connection before authentication.
 */
static enum verdict
judge_unknown(enum conn_state state, bool is_strict, uint8_t number)
{
	unsigned s = 1u << state;

	if (number == 0 || state == STATE_IDENT)
		return VERDICT_REFUSE;
	if (s & (INITIAL | REKEYING))
		return number < 20 && !(is_strict && (s & INITIAL)) ?
		    VERDICT_UNIMPLEMENTED : VERDICT_REFUSE;
	if (number >= 80 && state != STATE_OPEN)
		return VERDICT_REFUSE;
	return VERDICT_UNIMPLEMENTED;
}

enum verdict
legality(enum side side, enum conn_state state, bool is_strict, uint8_t number,
    const struct rule **rule)
{
	const struct rule *r = find(number);
	unsigned states;

	*rule = r;
	if (r == NULL)
		return judge_unknown(state, is_strict, number);
	states = side == SIDE_CLIENT ? r->client : r->server;
	if (is_strict)
		states &= ~(unsigned)r->lax;
	return states & 1u << state ? VERDICT_ALLOW : VERDICT_REFUSE;
}

const char *
conn_state_name(enum conn_state state)
{
	static const char *const names[STATE_COUNT] = {
		"IDENT", "KEXINIT", "KEX", "NEWKEYS", "SERVICE", "AUTH", "OPEN",
		"REKEX", "RENEWKEYS",
	};

	return (unsigned)state < STATE_COUNT ? names[state] : "?";
}

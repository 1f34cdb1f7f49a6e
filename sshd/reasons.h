/* SPDX-License-Identifier: ISC */
/*
 * sshd/reasons.h - why somebody was not let in: one code a reason, the same in
 * the log, in sshd --explain and in docs/REASONS.md.
 *
 * A refusal is logged with its code and the place of the rule (FILE:LINE). The
 * client is told why only if it has proved who it is.
 */
#ifndef SSHD_REASONS_H
#define SSHD_REASONS_H

#define REASON_LIST(X)							\
	/* name		code			what it means */	\
	X(NONE,		"none",			"nothing has been refused") \
	X(NO_METHOD,	"method-not-allowed",	"the method is switched off, or not the next of any chain") \
	X(NO_SERVICE,	"no-such-service",	"the client asked for something else than ssh-connection") \
	X(UNKNOWN_USER,	"unknown-user",		"there is no account of that name") \
	X(OTHER_UID,	"other-uid",		"this sshd is not root's and can let in only its own account") \
	X(LOCKED,	"account-locked",	"the password of the account is locked") \
	X(EXPIRED,	"account-expired",	"the account has expired (shadow)") \
	X(NO_SHELL,	"shell-missing",	"the login shell does not exist") \
	X(BAD_SHELL,	"shell-not-executable",	"the login shell is no program") \
	X(NOLOGIN,	"nologin",		"logins are closed (/etc/nologin or /run/nologin)") \
	X(DENY_USERS,	"deny-users",		"listed in DenyUsers")	\
	X(ALLOW_USERS,	"allow-users",		"not listed in AllowUsers") \
	X(DENY_GROUPS,	"deny-groups",		"a group is listed in DenyGroups") \
	X(ALLOW_GROUPS,	"allow-groups",		"no group is listed in AllowGroups") \
	X(NO_GROUPS,	"no-groups",		"DenyGroups or AllowGroups is set and the account is in no group") \
	X(NO_HOST,	"host-unknown",		"a Match Host line excludes by name, and the host's name is not known") \
	X(REFUSED,	"refuse-connection",	"RefuseConnection holds for the connection") \
	X(ROOT,		"root-login",		"PermitRootLogin does not let root in by this method") \
	X(PASSWORD,	"wrong-password",	"the password is wrong, or none can be right") \
	X(PASSWORD_OLD,	"password-expired",	"the password is right but has expired, and was not changed") \
	X(NEW_PASSWORD,	"new-password-refused",	"a new password cannot be taken") \
	X(ABANDONED,	"abandoned",		"questions were not answered, or not as many as were asked") \
	X(KEY_UNKNOWN,	"unknown-key",		"the key is registered nowhere for that user") \
	X(KEY_ALG,	"key-algorithm",	"the key, its algorithm or its size is not accepted") \
	X(KEY_REVOKED,	"key-revoked",		"RevokedKeys has the key, or cannot be read") \
	X(KEY_USED,	"key-used-before",	"the key was used for this login already") \
	X(KEY_OPTIONS,	"key-options",		"the options of the key do not let this client in") \
	X(KEY_CERT,	"certificate",		"the certificate does not let this user in from there, now") \
	X(KEY_MODES,	"strict-modes",		"others could have written a file that would have to be believed") \
	X(KEY_OVER,	"registration-over",	"the key's registration is over, used up or revoked") \
	X(HOSTBASED,	"hostbased",		"the host is not trusted, or not for that user") \
	X(SIGNATURE,	"bad-signature",	"the signature is not right for this connection") \
	X(HOSTKEY,	"other-host-key",	"the signature names another host key than ours")

enum reason {
#define X(name, code, text) REASON_##name,
	REASON_LIST(X)
#undef X
	REASON_COUNT
};

/* The code ("wrong-password"); static. */
const char *reason_code(enum reason r);

/* What it means; static. */
const char *reason_text(enum reason r);

#endif

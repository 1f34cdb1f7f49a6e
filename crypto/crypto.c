/* SPDX-License-Identifier: ISC */
#include "crypto/crypto.h"

#include <openssl/crypto.h>
#include <openssl/err.h>

void
crypto_init(void)
{
	/*
	 * Cannot fail but for memory, and then the first use of a cipher fails
	 * in its own way. No strings: errors are told by our own texts.
	 */
	(void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT |
	    OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS, NULL);
}

const char *
crypto_error(char *buf, unsigned size)
{
	unsigned long code = ERR_get_error();

	if (code == 0)
		buf[0] = '\0';
	else
		ERR_error_string_n(code, buf, size);
	ERR_clear_error();
	return buf;
}

/* SPDX-License-Identifier: ISC */
/*
 * keys/krl_i.h - numbers of the KRL format, for those who read and write it.
 */
#ifndef KEYS_KRL_I_H
#define KEYS_KRL_I_H

#include "base/span.h"

#define KRL_MAGIC		SPAN_LIT("SSHKRL\n\0")
#define KRL_FORMAT_VERSION	1
#define KRL_SERIAL_LEN		8
#define KRL_SHA1_LEN		20
#define KRL_SHA256_LEN		32

enum krl_section {
	KRL_SECTION_CERTIFICATES = 1,
	KRL_SECTION_KEYS = 2,
	KRL_SECTION_SHA1 = 3,
	KRL_SECTION_SHA256 = 5,
	KRL_SECTION_EXTENSION = 255,
};

/* Parts of KRL_SECTION_CERTIFICATES. */
enum krl_cert_part {
	KRL_CERT_SERIAL_LIST = 0x20,
	KRL_CERT_SERIAL_RANGE = 0x21,
	KRL_CERT_SERIAL_BITMAP = 0x22,
	KRL_CERT_KEY_ID = 0x23,
	KRL_CERT_EXTENSION = 0x39,
};

#endif

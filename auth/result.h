/* SPDX-License-Identifier: ISC */
/*
 * auth/result.h - what a server says to an authentication request.
 */
#ifndef AUTH_RESULT_H
#define AUTH_RESULT_H

enum auth_result {
	AUTH_RESULT_FAILURE,
	AUTH_RESULT_PARTIAL,	/* failure, "partial success" TRUE */
	AUTH_RESULT_PK_OK,	/* to a publickey request without a signature */
	AUTH_RESULT_SUCCESS,
};

#endif

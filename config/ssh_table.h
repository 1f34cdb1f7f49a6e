/* SPDX-License-Identifier: ISC */
/*
 * config/ssh_table.h - inside config/: the client's schema, Host and Match.
 */
#ifndef CONFIG_SSH_TABLE_H
#define CONFIG_SSH_TABLE_H

#include "config/ssh_config.h"
#include "config/table.h"

extern const struct schema ssh_schema;

/*
 * Whether a Host line holds. What is wrong with it is said and counted in r.
 */
bool ssh_host_holds(struct reader_state *r, const struct line *line,
    const struct ssh_facts *facts);

/*
 * Whether a Match line holds, given what c has by now. is_live false: it is
 * only checked. What is wrong with it is said and counted in r. ERR_NOMEM.
 */
enum err ssh_match_holds(struct reader_state *r, const struct line *line,
    struct ssh_config *c, const struct ssh_facts *facts, bool is_live, bool *out);

#endif

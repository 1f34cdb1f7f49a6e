/* SPDX-License-Identifier: ISC */
/*
 * config/kinds.h - the C type of each kind of value. CONFIG_TYPE(kind, detail)
 * is the type of a field; only choice looks at its detail.
 */
#ifndef CONFIG_KINDS_H
#define CONFIG_KINDS_H

#include "config/values.h"

#define CONFIG_TYPE(kind, detail)	CONFIG_TYPE_##kind(detail)

#define CONFIG_TYPE_flag(detail)		bool
#define CONFIG_TYPE_number(detail)		uint32_t
#define CONFIG_TYPE_octal(detail)		uint32_t
#define CONFIG_TYPE_time(detail)		uint32_t
#define CONFIG_TYPE_bits(detail)		uint32_t
#define CONFIG_TYPE_size(detail)		uint64_t
#define CONFIG_TYPE_choice(detail)		enum detail
#define CONFIG_TYPE_word(detail)		char *
#define CONFIG_TYPE_line(detail)		char *
#define CONFIG_TYPE_command(detail)		char *
#define CONFIG_TYPE_algs(detail)		char *
#define CONFIG_TYPE_words(detail)		struct words
#define CONFIG_TYPE_ports(detail)		struct ports
#define CONFIG_TYPE_listen_addresses(detail)	struct listen_addresses
#define CONFIG_TYPE_subsystems(detail)		struct subsystems
#define CONFIG_TYPE_permits(detail)		struct permits
#define CONFIG_TYPE_channel_timeouts(detail)	struct channel_timeouts
#define CONFIG_TYPE_rekey(detail)		struct rekey_limit
#define CONFIG_TYPE_startups(detail)		struct max_startups
#define CONFIG_TYPE_net_block(detail)		struct net_block
#define CONFIG_TYPE_penalties(detail)		struct penalties
#define CONFIG_TYPE_qos(detail)			struct ip_qos
#define CONFIG_TYPE_key_limits(detail)		struct key_limits
#define CONFIG_TYPE_uid_range(detail)		struct uid_range
#define CONFIG_TYPE_user_environment(detail)	struct user_environment
#define CONFIG_TYPE_forwards(detail)		struct forwards
#define CONFIG_TYPE_add_keys(detail)		struct add_keys
#define CONFIG_TYPE_control_persist(detail)	struct control_persist
#define CONFIG_TYPE_forward_agent(detail)	struct forward_agent
#define CONFIG_TYPE_tunnel_device(detail)	struct tunnel_device
#define CONFIG_TYPE_escape(detail)		int
#define CONFIG_TYPE_keystroke(detail)		uint32_t

#endif

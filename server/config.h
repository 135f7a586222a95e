// SPDX-License-Identifier: Apache-2.0
// amanad.conf: what an operator sets, checked whole before anything is done with it. One thread.
#pragma once

#include "certs/trust.h"
#include "server/net/net_limits.h"
#include "server/net/report.h"

#include <stdint.h>

#define CONFIG_PATH 4095u // bytes of a path
#define CONFIG_USER 32u

struct config {
    char folder[CONFIG_PATH + 1]; // of the file: what relative paths are relative to, and where the program works
    char hub[LIMIT_ADDRESS + 1];  // "igad/hub"
    char hub_uri[LIMIT_URI + 1];  // "amana://igad/hub"
    char origin[TRUST_ORIGIN + 1];
    char data[CONFIG_PATH + 1], trust[CONFIG_PATH + 1], rosters[CONFIG_PATH + 1];
    char policy[CONFIG_PATH + 1]; // "" for none
    char certificate[CONFIG_PATH + 1], key[CONFIG_PATH + 1];
    char address[64]; // numeric; "" for any
    uint16_t port;
    char port_file[CONFIG_PATH + 1];                          // "" for data/port
    char user[CONFIG_USER + 1], signer_user[CONFIG_USER + 1]; // name or number; "" to stay who we are
    uint64_t map_size;                                        // bytes, 0: what the file has
    unsigned workers;                                         // 0: as many as there are processors
    unsigned crl_grace_hours;                                 // past which only U1 and U2 go by a stale CRL
    enum report_level log;
    struct net_limits limits;
};

// Reads and checks text; path is named in errors and says which folder relative paths start from. AM_CONFIG with file,
// line and sentence in *detail.
AM_MUST_USE enum am_err config_parse(struct am_bytes text, const char *path, struct am_detail *detail,
                                     struct config *ret_config);

// The same from the file. AM_IO with the system's reason.
AM_MUST_USE enum am_err config_load(const char *path, struct am_detail *detail, struct config *ret_config);

// "4096", "64K", "512M", "4G": bytes. AM_INVALID.
AM_MUST_USE enum am_err config_size(const char *text, uint64_t *ret_bytes);

// "127.0.0.1:4433", "[::1]:0", "*:4433". ret_address holds 64 bytes. AM_INVALID.
AM_MUST_USE enum am_err config_listen(const char *text, char *ret_address, uint16_t *ret_port);

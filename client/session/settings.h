// SPDX-License-Identifier: Apache-2.0
// Who this client is and where its hub and its data are: amana.conf, then the environment, then flags; each with where
// it came from. One thread.
#pragma once

#include "proto/model/error.h"
#include "proto/model/limits.h"

#include <limits.h>

// X(name in capitals, key in amana.conf and flag, environment, words)
#define SETTINGS_LIST(X)                                                                                               \
    X(UNIT, "unit", "AMANA_UNIT", "the unit's address, as ke/dci/transnational")                                       \
    X(DEVICE, "device", "AMANA_DEVICE", "this device's name within the unit, as d1")                                   \
    X(OFFICER, "officer", "AMANA_OFFICER", "the officer's staff id, as kdci-0417; never a personal name")              \
    X(HUB, "hub", "AMANA_HUB", "the hub's name in trust.conf, as igad/hub")                                            \
    X(ADDRESS, "address", "AMANA_ADDRESS", "where the hub listens, HOST:PORT")                                         \
    X(DATA, "data", "AMANA_DATA", "the folder with keys/, trust/ and store/")

#define SETTING_MEMBER(name, key, environment, words) SETTING_##name,
enum setting { SETTINGS_LIST(SETTING_MEMBER) SETTINGS };

#define SETTING_MAX 1024

struct settings {
    char file[PATH_MAX];               // amana.conf that was read, or would be
    char value[SETTINGS][SETTING_MAX]; // "" where nothing sets it
    char source[SETTINGS][64];         // "flag", "AMANA_UNIT", "amana.conf", "default", or ""
};

// What flags say; NULL for nothing.
struct settings_flags {
    const char *file;   // -c
    const char *folder; // -d: its amana.conf, and the data folder where that says nothing
    const char *value[SETTINGS];
};

// Reads and checks. File: -c, AMANA_CONFIG, FOLDER/amana.conf of -d, else $XDG_CONFIG_HOME/amana/amana.conf; only one
// that was asked for must be there. AM_CONFIG with file and line; AM_NOT_FOUND.
AM_MUST_USE enum am_err settings_load(const struct settings_flags *flags, struct am_detail *detail,
                                      struct settings *ret_settings);

// The units of a group of amana.conf, as in
//   group "ke-et-border" { units = {"ke/bcu/moyale", "et/ics/moyale"} }
// by its name without the @. Each is checked when the file is read. AM_NOT_FOUND with the groups that there are.
#define SETTING_GROUP 64u // units of one
struct settings_group {
    size_t n;
    char units[SETTING_GROUP][LIMIT_ADDRESS + 1];
};
AM_MUST_USE enum am_err settings_group(const struct settings *settings, const char *name, struct am_detail *detail,
                                       struct settings_group *ret_group);

// AM_CONFIG naming the first of these that isn't set, and how to set it.
AM_MUST_USE enum am_err settings_require(const struct settings *settings, unsigned set, struct am_detail *detail);
#define SETTING_BIT(name) (1u << SETTING_##name)
#define SETTINGS_ALL      ((1u << SETTINGS) - 1)

// Checks one value by its own rule (an address, a name, HOST:PORT). AM_CONFIG, *detail names the key.
AM_MUST_USE enum am_err settings_check(enum setting setting, const char *value, struct am_detail *detail);

// As the file names it. Static.
const char *setting_key(enum setting setting);
const char *setting_words(enum setting setting);

// "DATA/name". AM_TOO_LARGE.
AM_MUST_USE enum am_err settings_path(const struct settings *settings, const char *name, char ret_path[PATH_MAX]);

// "amana://unit/device/d1" and "amana://unit/officer/kdci-0417"; the buffers hold LIMIT_URI + 1 bytes.
void settings_device(const struct settings *settings, char *ret_uri);
void settings_officer(const struct settings *settings, char *ret_uri);

// SPDX-License-Identifier: Apache-2.0
// The countries of the trust list: who protects there, and whose oversight a body is sealed to.
#include "server/hub/internal.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

static struct hub_country *country_find(struct hub_country *countries, const char *code)
{
    struct hub_country *country;
    HASH_FIND_STR(countries, code, country);
    return country;
}

static enum am_err country_add(struct hub_country **countries, const struct hub_country_row *row)
{
    const char *protection = row->protection_unit != NULL ? row->protection_unit : "";
    if (strlen(row->code) > ADDRESS_COUNTRY_MAX || strlen(protection) > LIMIT_ADDRESS ||
        country_find(*countries, row->code) != NULL)
        return AM_INVALID;
    struct hub_country *country = calloc(1, sizeof *country);
    if (country == NULL)
        return AM_NOMEM;
    strlcpy(country->code, row->code, sizeof country->code);
    strlcpy(country->protection_unit, protection, sizeof country->protection_unit);
    if (row->oversight != NULL)
        memcpy(country->oversight, row->oversight, sizeof country->oversight);
    country->oversight_revoked = row->oversight_revoked;
    HASH_ADD_STR(*countries, code, country);
    if (country->hh.tbl == NULL) {
        free(country);
        return AM_NOMEM;
    }
    return AM_OK;
}

void hub_countries_free(struct hub_country *countries)
{
    struct hub_country *country, *next;
    HASH_ITER (hh, countries, country, next) {
        HASH_DEL(countries, country);
        free(country);
    }
}

enum am_err hub_set_countries(struct hub *hub, const struct hub_country_row *rows, size_t n)
{
    struct hub_country *countries = NULL;
    enum am_err err = AM_OK;
    for (size_t i = 0; i < n && err == AM_OK; i++)
        err = country_add(&countries, &rows[i]);
    if (err != AM_OK) {
        hub_countries_free(countries);
        return err;
    }
    hub_countries_free(hub->countries);
    hub->countries = countries;
    hub->epoch++;
    return AM_OK;
}

const struct hub_country *hub_country_find(const struct hub *hub, const char *code)
{
    return country_find(hub->countries, code);
}

bool hub_country_known(const struct hub *hub, const char *code)
{
    return hub_country_find(hub, code) != NULL;
}

void hub_countries_text(const struct hub *hub, char *ret_text, size_t size)
{
    struct hub_country *country, *next;
    ret_text[0] = '\0';
    HASH_ITER (hh, hub->countries, country, next) {
        (void)strlcat(ret_text, ret_text[0] != '\0' ? ", " : "", size);
        (void)strlcat(ret_text, country->code, size);
    }
}

const char *hub_protection_unit(const struct hub *hub, const char *code)
{
    const struct hub_country *country = hub_country_find(hub, code);
    if (country == NULL || country->protection_unit[0] == '\0' || !hub_reachable(hub, country->protection_unit))
        return NULL;
    const char *successor = hub_successor(hub, country->protection_unit);
    if (successor[0] == '\0')
        return country->protection_unit;
    const struct hub_member *next = hub_member_find(hub, successor);
    bool protects = hub_reachable(hub, successor) && next->role == ROLE_PROTECTION && next->successor[0] == '\0';
    return protects ? successor : NULL;
}

static bool is_unit_of(const struct hub *hub, const char *unit, const char *code)
{
    const char *protection = hub_protection_unit(hub, code);
    return protection != NULL && strcmp(protection, unit) == 0;
}

bool hub_protects_in(const struct hub *hub, const char *unit, const char *code)
{
    const struct hub_member *member = hub_member_find(hub, unit);
    return member != NULL && member->role == ROLE_PROTECTION &&
           (address_in_country(unit, code) || is_unit_of(hub, unit, code));
}

bool hub_protects_any(const struct hub *hub, const char *unit)
{
    struct hub_country *country, *next;
    HASH_ITER (hh, hub->countries, country, next) {
        if (is_unit_of(hub, unit, country->code))
            return true;
    }
    return false;
}

const char *hub_protection_of(const struct hub *hub, const char *unit)
{
    char code[ADDRESS_COUNTRY_MAX + 1];
    address_country(unit, code);
    return hub_protection_unit(hub, code);
}

bool hub_protects(const struct hub *hub, const char *party, const char *unit)
{
    const char *protection = hub_protection_of(hub, party);
    return protection != NULL && strcmp(protection, unit) == 0;
}

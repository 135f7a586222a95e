// SPDX-License-Identifier: Apache-2.0
// What a member of a hub may be.
#include "proto/model/member.h"

#include "proto/model/address.h"
#include "proto/model/kind.h"

#include <bsd/string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    bool carries;
} ROLES[] = {
    {"unit", true},       {"protection", true}, {"auditor", false},  {"content-auditor", false},
    {"registrar", false}, {"dpo", false},       {"operator", false},
};

const char *member_role_name(size_t i)
{
    return i < AM_LEN(ROLES) ? ROLES[i].name : NULL;
}

bool member_role_valid(const char *role)
{
    for (size_t i = 0; i < AM_LEN(ROLES); i++)
        if (strcmp(ROLES[i].name, role) == 0)
            return true;
    return false;
}

bool member_role_carries(const char *role)
{
    for (size_t i = 0; i < AM_LEN(ROLES); i++)
        if (strcmp(ROLES[i].name, role) == 0)
            return ROLES[i].carries;
    return false;
}

bool member_language_valid(const char *code)
{
    size_t len = strlen(code);

    return (len == 2 || len == 3) && strspn(code, "abcdefghijklmnopqrstuvwxyz") == len;
}

bool member_hours_valid(const char *hours)
{
    size_t len = strlen(hours);

    for (size_t i = 0; i < len; i++)
        if (hours[i] < ' ' || hours[i] > '~')
            return false;
    return len > 0 && len <= MEMBER_HOURS;
}

bool member_telephone_valid(const char *telephone)
{
    size_t len = strlen(telephone);

    return telephone[0] == '+' && len >= 8 && len <= 16 && telephone[1] != '0' &&
           strspn(telephone + 1, "0123456789") == len - 1;
}

static enum am_err check_grant(const Amana__V1__GrantRecord *grant, size_t i, struct am_detail *detail)
{
    char field[48];

    snprintf(field, sizeof field, "member.grants[%zu].kinds", i);
    if (grant->n_kinds == 0 || grant->n_kinds >= KIND_COUNT)
        return am_fail(AM_INVALID, detail, field, "must be 1 to %d kinds", KIND_COUNT - 1);
    for (size_t k = 0; k < grant->n_kinds; k++)
        if (kind_get((unsigned)grant->kinds[k]) == NULL)
            return am_fail(AM_INVALID, detail, field, "has a code that is no kind of message");
    snprintf(field, sizeof field, "member.grants[%zu].parties", i);
    if (grant->n_parties == 0 || grant->n_parties > MEMBER_PARTIES)
        return am_fail(AM_INVALID, detail, field, "must be 1 to %u units", MEMBER_PARTIES);
    for (size_t p = 0; p < grant->n_parties; p++)
        if (!address_pattern_valid(grant->parties[p]))
            return am_fail(AM_INVALID, detail, field,
                           "has \"%.100s\": write COUNTRY/AGENCY/UNIT, where a part may be *, as in \"et/ics/*\"",
                           grant->parties[p]);
    return AM_OK;
}

// Another unit than itself; "" is none.
static enum am_err check_other(const Amana__V1__MemberRecord *member, const char *field, const char *other,
                               struct am_detail *detail)
{
    if (other[0] == '\0' || (address_check(other, NULL) == AM_OK && strcmp(other, member->unit) != 0))
        return AM_OK;
    return am_fail(AM_INVALID, detail, field, "must be another unit, as in ke/dci/headquarters");
}

static enum am_err check_reach(const Amana__V1__MemberRecord *member, struct am_detail *detail)
{
    if (member->said->hours[0] != '\0' && !member_hours_valid(member->said->hours))
        return am_fail(AM_INVALID, detail, "member.hours",
                       "must be 1 to %u printable characters, as in \"mon-fri 07:30-17:00 +03:00\"", MEMBER_HOURS);
    if (member->said->telephone[0] != '\0' && !member_telephone_valid(member->said->telephone))
        return am_fail(AM_INVALID, detail, "member.telephone",
                       "must be a number with its country's code and nothing else, as in +254201234567");
    TRY(check_other(member, "member.deputy", member->said->deputy, detail));
    TRY(check_other(member, "member.successor", member->said->successor, detail));
    if (member->said->successor[0] != '\0' && !member_role_carries(member->said->role))
        return am_fail(AM_INVALID, detail, "member.successor", "is for the roles unit and protection alone");
    return AM_OK;
}

static enum am_err check_removed(const Amana__V1__MemberRecord *member, struct am_detail *detail)
{
    if (member->said->n_languages + member->n_grants + member->said->n_scope == 0 && member->said->hours[0] == '\0' &&
        member->said->telephone[0] == '\0' && member->said->deputy[0] == '\0' && member->said->successor[0] == '\0')
        return AM_OK;
    return am_fail(AM_INVALID, detail, "member.role", "is missing; write one of " MEMBER_ROLES);
}

enum am_err member_check(const Amana__V1__MemberRecord *member, struct am_detail *detail)
{
    if (address_check(member->unit, detail) != AM_OK) {
        snprintf(detail->field, sizeof detail->field, "member.unit");
        return AM_INVALID;
    }
    if (member->said == NULL)
        return am_fail(AM_INVALID, detail, "member", "nothing is said of it");
    if (member->said->role[0] == '\0')
        return check_removed(member, detail);
    if (!member_role_valid(member->said->role))
        return am_fail(AM_INVALID, detail, "member.role", "must be one of " MEMBER_ROLES);
    if (member->said->n_languages > MEMBER_CODES || member->said->n_scope > MEMBER_CODES)
        return am_fail(AM_INVALID, detail, member->said->n_scope > MEMBER_CODES ? "member.scope" : "member.languages",
                       "has at most %u values", MEMBER_CODES);
    for (size_t i = 0; i < member->said->n_languages; i++)
        if (!member_language_valid(member->said->languages[i]))
            return am_fail(AM_INVALID, detail, "member.languages", "must be ISO 639 codes, as in \"en\" or \"som\"");
    for (size_t i = 0; i < member->said->n_scope; i++)
        if (!address_part_valid(member->said->scope[i], strlen(member->said->scope[i])))
            return am_fail(AM_INVALID, detail, "member.scope", "must be countries in lower case, as in \"ke\"");
    if (member->said->n_scope > 0 && strcmp(member->said->role, "auditor") != 0)
        return am_fail(AM_INVALID, detail, "member.scope", "is for an auditor alone");
    if (member->n_grants > 0 && !member_role_carries(member->said->role))
        return am_fail(AM_INVALID, detail, "member.grants", "are for the roles unit and protection alone");
    if (member->n_grants > MEMBER_GRANTS)
        return am_fail(AM_INVALID, detail, "member.grants", "has at most %u", MEMBER_GRANTS);
    for (size_t i = 0; i < member->n_grants; i++)
        TRY(check_grant(member->grants[i], i, detail));
    return check_reach(member, detail);
}

// --- Grants as text: "ALERT, UPDATE -> et/ics/*\n…", "scope igad, ke, et\n"
static size_t list_size(char *const *list, size_t n)
{
    size_t size = 0;

    for (size_t i = 0; i < n; i++)
        size += strlen(list[i]) + 2;
    return size;
}

static void list_put(char *text, size_t size, char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        strlcat(text, i == 0 ? "" : ", ", size);
        strlcat(text, list[i], size);
    }
    strlcat(text, "\n", size);
}

char *member_grants_text(const Amana__V1__MemberRecord *member)
{
    static const Amana__V1__Member NOTHING = AMANA__V1__MEMBER__INIT;
    const Amana__V1__Member *said = member->said != NULL ? member->said : &NOTHING;
    char list[KIND_LIST_TEXT];
    size_t size = 16 + list_size(said->scope, said->n_scope);

    for (size_t i = 0; i < member->n_grants; i++)
        size += sizeof list + 8 + list_size(member->grants[i]->parties, member->grants[i]->n_parties);
    char *text = calloc(1, size);
    for (size_t i = 0; text != NULL && i < member->n_grants; i++) {
        const Amana__V1__GrantRecord *grant = member->grants[i];
        uint32_t kinds = 0;
        for (size_t k = 0; k < grant->n_kinds; k++)
            kinds |= kind_get((unsigned)grant->kinds[k]) != NULL ? KIND_BIT(grant->kinds[k]) : 0;
        kind_list(kinds, list, sizeof list);
        strlcat(text, list, size);
        strlcat(text, " -> ", size);
        list_put(text, size, grant->parties, grant->n_parties);
    }
    if (text != NULL && said->n_scope > 0) {
        strlcat(text, "scope ", size);
        list_put(text, size, said->scope, said->n_scope);
    }
    return text;
}

// --- Whether two say the same
static bool same_list(char *const *a, size_t n, char *const *b, size_t m)
{
    for (size_t i = 0; n == m && i < n; i++)
        if (strcmp(a[i], b[i]) != 0)
            return false;
    return n == m;
}

bool member_said_same(const Amana__V1__Member *a, const Amana__V1__Member *b)
{
    return a != NULL && b != NULL && strcmp(a->role, b->role) == 0 && strcmp(a->hours, b->hours) == 0 &&
           strcmp(a->telephone, b->telephone) == 0 && strcmp(a->deputy, b->deputy) == 0 &&
           strcmp(a->successor, b->successor) == 0 &&
           same_list(a->languages, a->n_languages, b->languages, b->n_languages) &&
           same_list(a->scope, a->n_scope, b->scope, b->n_scope);
}

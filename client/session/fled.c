// SPDX-License-Identifier: Apache-2.0
// Who comes whence, and what this unit has said of it.
#include "client/session/fled.h"

#include "client/session/case_walk.h"
#include "proto/body/check.h"
#include "proto/model/address.h"
#include "proto/model/harm.h"

#include <string.h>

struct asking {
    const char *own;
    char country[ADDRESS_COUNTRY_MAX + 1];
    bool comes, answered;
};

static bool goes_there(const Amana__V1__Header *header, const char *country)
{
    for (size_t i = 0; i < header->n_recipients; i++)
        if (address_in_country(header->recipients[i]->unit, country))
            return true;
    return false;
}

static enum am_err hear(void *user, const Amana__V1__Kept *kept, const struct opened *opened)
{
    struct asking *asking = user;
    const Amana__V1__Header *header = opened->header;
    size_t n;
    Amana__V1__Person *const *persons = body_persons(opened->body, &n);
    (void)kept;
    for (size_t i = 0; i < n; i++)
        asking->comes |= body_may_have_fled(persons[i], asking->country);
    // An ACK says on what the message that it answers said: nobody was asked.
    asking->answered |= strcmp(header->sender->unit, asking->own) == 0 && harm_tells(header) &&
                        goes_there(header, asking->country) &&
                        opened->flags->protection != AMANA__V1__PROTECTION__CODE__NOT_CONCERNED;
    return AM_OK;
}

enum am_err fled_unasked(struct session *session, const char *case_ref, const char *unit, bool *ret_unasked)
{
    struct asking asking = {.own = session->settings.value[SETTING_UNIT]};
    *ret_unasked = false;
    if (address_same_country(unit, asking.own))
        return AM_OK;
    address_country(unit, asking.country);
    TRY(case_walk(session, case_ref, hear, &asking));
    *ret_unasked = asking.comes && !asking.answered;
    return AM_OK;
}

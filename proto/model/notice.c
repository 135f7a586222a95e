// SPDX-License-Identifier: Apache-2.0
// The rows of the table of notices.
#include "proto/model/notice.h"

#define ENTRY(name) AMANA__V1__ENTRY_KIND__CODE__##name
#define BOTH        (TOLD_ORIGINATOR | TOLD_RECIPIENT)
#define SECOND      (TOLD_ORIGINATOR | TOLD_RELEASING | TOLD_RECIPIENTS) // recipients have it where it was DEFERRED

static const struct notice ROWS[] = {
    {ENTRY(PARKED), TOLD_RELEASING, "to release"},
    {ENTRY(RELEASED), SECOND, "released"},
    {ENTRY(RETURNED), SECOND, "sent back"},
    {ENTRY(RETRIEVED), TOLD_ORIGINATOR, "retrieved"},
    {ENTRY(LATE), TOLD_ORIGINATOR | TOLD_SUPERVISORS, "late"},
    {ENTRY(NON_DELIVERED), TOLD_ORIGINATOR | TOLD_SUPERVISORS, "not delivered"},
    {ENTRY(NON_RETRIEVED), TOLD_ORIGINATOR | TOLD_SUPERVISORS, "not retrieved"},
    {ENTRY(DEADLINE), BOTH | TOLD_SUPERVISORS | TOLD_DPO | TOLD_RELEASING, "deadline"},
    {ENTRY(STATE), TOLD_ORIGINATOR | TOLD_RECIPIENTS, "state"},
};

const struct notice *notice_get(unsigned entry)
{
    for (size_t i = 0; i < AM_LEN(ROWS); i++)
        if (ROWS[i].entry == entry)
            return &ROWS[i];
    return NULL;
}

// SPDX-License-Identifier: Apache-2.0
// Bodies in the fields of the Human Trafficking Case Data Standard 2.0 (IOM, CC BY 4.0; docs/vocabulary.md). Any
// thread.
#pragma once

#include "amana/v1/body.pb-c.h"
#include "amana/v1/message.pb-c.h"

#include <jansson.h>

// Adds what a message of the case says as records: {"record": "Person", "prs_FirstName": …}, also Event, Organisation,
// Referral, Comment and Case; in the order of the log. A person with a label that an earlier body had is the same
// record, mended. What HTCDS has no field for is left out. -1: out of memory.
int htcds_add(json_t *records, const Amana__V1__Header *header, const Amana__V1__Body *body);

// A value of HTCDS's lists for a code: "ThroughOnlineSocialNetworks". NULL where the list has none.
#define HTCDS_VALUE 80
const char *htcds_value(const ProtobufCEnumDescriptor *type, int code, char room[HTCDS_VALUE]);

// ISIC's section ("T") as vic_ForcedLabourIndustry has it ("T_ActivitiesOfHouseholdsAsEmployers"); NULL: it has none.
const char *htcds_industry(const char *section);

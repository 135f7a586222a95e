// SPDX-License-Identifier: Apache-2.0
// A roster as the hub and the journal take it.
#include "server/net/roster_rows.h"

#include "proto/codec/codec.h"

#include <stdlib.h>
#include <string.h>

#define RECORD_ARENA (4u * 1024 * 1024)

enum am_err roster_rows_init(const struct roster *roster, struct roster_rows *ret_rows)
{
    memset(ret_rows, 0, sizeof *ret_rows);
    ret_rows->n_certificates = roster_certificates(roster, ret_rows->certificates);
    if (ret_rows->n_certificates != 3 * roster->devices_count + roster->officers_count)
        return AM_NOMEM;
    for (size_t i = 0; i < roster->devices_count; i++) {
        const struct roster_device *device = &roster->devices[i];
        ret_rows->devices[i].uri = device->identity.uri;
        memcpy(ret_rows->devices[i].auth, device->auth.digest, 32);
        memcpy(ret_rows->devices[i].seal, device->seal.digest, 32);
        memcpy(ret_rows->devices[i].sign, device->sign.digest, 32);
    }
    for (size_t i = 0; i < roster->officers_count; i++) {
        ret_rows->officers[i].uri = roster->officers[i].identity.uri;
        ret_rows->officers[i].supervisor = roster->officers[i].supervisor;
        memcpy(ret_rows->officers[i].sign, roster->officers[i].sign.digest, 32);
    }
    ret_rows->hub = (struct hub_roster){.unit = roster->unit,
                                        .number = roster->number,
                                        .signer = roster->registrar.identity.uri,
                                        .devices = ret_rows->devices,
                                        .n_devices = roster->devices_count,
                                        .officers = ret_rows->officers,
                                        .n_officers = roster->officers_count};
    memcpy(ret_rows->hub.digest, roster->digest, 32);
    memcpy(ret_rows->hub.previous, roster->previous, 32);
    amana__v1__roster_record__init(&ret_rows->record);
    ret_rows->record.roster = codec_binary(roster->file);
    for (size_t i = 0; i < ret_rows->n_certificates; i++)
        ret_rows->record_certificates[i] = codec_binary(ret_rows->certificates[i]);
    ret_rows->record.n_certificates = ret_rows->n_certificates;
    ret_rows->record.certificates = ret_rows->record_certificates;
    return AM_OK;
}

void roster_rows_clear(struct roster_rows *rows)
{
    roster_certificates_free(rows->certificates, rows->n_certificates);
    rows->n_certificates = 0;
}

enum am_err roster_from_record(struct am_bytes bytes, struct am_detail *detail, struct roster **ret_roster)
{
    struct arena AM_CLEANUP(arena_clear) arena;
    struct am_bytes *certificates;
    Amana__V1__RosterRecord *record;

    arena_init(&arena, RECORD_ARENA);
    TRY(codec_decode(&amana__v1__roster_record__descriptor, CODEC_LENIENT, bytes, &arena, detail,
                     (ProtobufCMessage **)&record));
    certificates = arena_array(&arena, record->n_certificates, sizeof *certificates);
    if (certificates == NULL)
        return arena_error(&arena);
    for (size_t i = 0; i < record->n_certificates; i++)
        certificates[i] = codec_bytes(record->certificates[i]);
    return roster_parse(codec_bytes(record->roster), certificates, record->n_certificates, detail, ret_roster);
}

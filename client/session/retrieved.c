// SPDX-License-Identifier: Apache-2.0
// Statements of retrieval judged.
#include "client/session/retrieved.h"

#include "amana/v1/relay.pb-c.h"
#include "certs/cms.h"
#include "client/session/directory.h"
#include "client/session/seal.h"
#include "client/session/store_index.h"
#include "proto/log/leaf.h"
#include "proto/model/header.h"

#include <string.h>

#define ARENA_SENT      (16u * 1024 * 1024)
#define ARENA_STATEMENT (1024u * 1024)

// What the directory may say without anything being wrong with the statement: there is no roster to judge it by.
static bool is_no_roster(enum am_err err)
{
    return err == AM_DENIED || err == AM_NOT_FOUND || err == AM_CERTIFICATE || err == AM_REVOKED || err == AM_EXPIRED;
}

static enum am_err verify(const struct roster *roster, const Amana__V1__RetrievedEntry *entry, bool last_word,
                          struct am_detail *detail, bool *ret_checked)
{
    struct cms_signature signature;
    const struct roster_device *device = roster_device_by_uri(roster, entry->device);
    *ret_checked = device != NULL || last_word;
    if (!*ret_checked) {
        (void)am_fail(AM_OK, detail, entry->device, "not on roster %llu of its unit, the newest that is kept here",
                      (unsigned long long)roster->number);
        return AM_OK;
    }
    if (device == NULL)
        return am_fail(AM_SIGNATURE, detail, entry->device,
                       "signed a retrieval and was not on roster %llu, which was in force",
                       (unsigned long long)roster->number);
    TRY(cms_profile_signature(codec_bytes(entry->signature), CMS_DETACHED_FORM, detail, &signature));
    if (signature.count != 1)
        return am_fail(AM_SIGNATURE, detail, entry->device, "its retrieval has %zu signers, and must have one",
                       (size_t)signature.count);
    enum am_err err = cms_verify_bare(&signature, codec_bytes(entry->statement), &device->sign, detail);
    return err == AM_NOT_FOUND ? AM_SIGNATURE : err;
}

// One of the messages that it names, by which the hub gives the roster of who has it.
struct about {
    Amana__V1__Pointer pointer;
    char id[STORE_ID];
};

// NULL: none of them is here.
static const Amana__V1__Pointer *about_find(struct session *session, const Amana__V1__Retrieved *statement,
                                            struct about *about)
{
    enum store_box box;
    amana__v1__pointer__init(&about->pointer);
    for (size_t i = 0; i < statement->n_messages; i++) {
        if (store_at_entry(session->store, statement->messages[i]->seq, &box, about->id) != AM_OK)
            continue;
        about->pointer.id = about->id;
        about->pointer.header_digest = statement->messages[i]->header_digest;
        return &about->pointer;
    }
    return NULL;
}

enum am_err retrieved_check(struct session *session, uint64_t seq, const Amana__V1__RetrievedEntry *entry,
                            struct arena *arena, struct am_detail *detail, struct retrieved *ret_retrieved)
{
    struct identity identity;
    struct roster *roster;
    struct retrieved retrieved = {0};
    TRY(identity_parse(entry->device, strlen(entry->device), detail, &identity));
    TRY(codec_decode(&amana__v1__retrieved__descriptor, CODEC_STRICT, codec_bytes(entry->statement), arena, detail,
                     (ProtobufCMessage **)&retrieved.statement));
    if (strcmp(retrieved.statement->context, RETRIEVED_CONTEXT) != 0 ||
        strcmp(retrieved.statement->device, entry->device) != 0 ||
        strcmp(retrieved.statement->origin, session->hub->origin) != 0 || retrieved.statement->n_messages == 0)
        return am_fail(AM_PROOF, detail, entry->device, "its statement of retrieval is about something else");
    struct about about;
    enum am_err err =
        directory_at(session, identity.unit, seq, about_find(session, retrieved.statement, &about), detail, &roster);
    if (err == AM_OK) {
        err = verify(roster, entry, link_alive(session->link), detail, &retrieved.checked);
        roster_unref(roster);
    } else if (is_no_roster(err)) {
        err = AM_OK;
    }
    if (err == AM_OK)
        *ret_retrieved = retrieved;
    return err;
}

const Amana__V1__Retrieved *retrieved_read(const Amana__V1__EntryContent *content, struct arena *arena)
{
    Amana__V1__Retrieved *statement;
    if (content->kind_case != AMANA__V1__ENTRY_CONTENT__KIND_RETRIEVED ||
        codec_decode(&amana__v1__retrieved__descriptor, CODEC_STRICT, codec_bytes(content->retrieved->statement), arena,
                     NULL, (ProtobufCMessage **)&statement) != AM_OK)
        return NULL;
    return statement;
}

bool retrieved_names(const Amana__V1__EntryContent *content, uint64_t seq)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    arena_init(&arena, ARENA_STATEMENT);
    const Amana__V1__Retrieved *statement = retrieved_read(content, &arena);
    for (size_t i = 0; statement != NULL && i < statement->n_messages; i++)
        if (statement->messages[i]->seq == seq)
            return true;
    return false;
}

static enum am_err compare_one(struct session *session, const char *unit, const Amana__V1__RetrievedMessage *named,
                               struct am_detail *detail)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    Amana__V1__Kept *kept;
    Amana__V1__Header *header;
    enum store_box box;
    char id[STORE_ID];
    enum am_err err = store_at_entry(session->store, named->seq, &box, id);
    if (err == AM_NOT_FOUND)
        return AM_OK; // sent by a colleague's device: its copy may still be to come
    TRY(err);
    arena_init(&arena, ARENA_SENT);
    TRY(store_get(session->store, box, id, &arena, &kept));
    TRY(seal_header(kept->message, &arena, detail, &header));
    // A note to one's own unit is in a colleague's inbox.
    bool ours = strcmp(header->sender->unit, session->settings.value[SETTING_UNIT]) == 0;
    if (ours && header_recipient(header, unit) != NULL &&
        log_sha256_is(codec_bytes(kept->message->header), codec_bytes(named->header_digest)))
        return AM_OK;
    return am_fail(AM_PROOF, detail, unit, "says that it has entry %llu, and names another message than was sent to it",
                   (unsigned long long)named->seq);
}

enum am_err retrieved_compare(struct session *session, uint64_t seq, const Amana__V1__Retrieved *statement,
                              struct am_detail *detail)
{
    struct identity identity;
    TRY(identity_parse(statement->device, strlen(statement->device), detail, &identity));
    for (size_t i = 0; i < statement->n_messages; i++) {
        if (statement->messages[i]->seq >= seq)
            return am_fail(AM_PROOF, detail, statement->device, "says that it has entry %llu, which came after",
                           (unsigned long long)statement->messages[i]->seq);
        TRY(compare_one(session, identity.unit, statement->messages[i], detail));
    }
    return AM_OK;
}

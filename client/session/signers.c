// SPDX-License-Identifier: Apache-2.0
// One signer or two, each by the roster that counts.
#include "client/session/signers.h"

#include "certs/release.h"
#include "client/session/directory.h"
#include "client/session/seal.h"
#include "proto/codec/codec.h"
#include "proto/model/address.h"
#include "proto/model/header.h"

#include <string.h>

struct author {
    struct roster *roster; // unref'ed by author_clear
    const struct roster_officer *officer;
};

static void author_clear(struct author *author)
{
    roster_unref(author->roster);
}

// The message itself: by it the hub gives the rosters of those who have it.
struct about {
    Amana__V1__Pointer pointer;
    uint8_t digest[LOG_HASH_SIZE];
};

static enum am_err author_find(struct session *session, const Amana__V1__Header *header, const struct about *about,
                               struct am_detail *detail, struct author *ret_author)
{
    TRY(directory_number(session, header->sender->unit, header->sender->roster, &about->pointer, detail,
                         &ret_author->roster));
    ret_author->officer = roster_officer_by_uri(ret_author->roster, header->officer);
    if (ret_author->officer != NULL && roster_device_by_uri(ret_author->roster, header->device) != NULL)
        return AM_OK;
    return am_fail(AM_SIGNATURE, detail, header->id, "its officer or device is not on roster %llu of %s",
                   (unsigned long long)ret_author->roster->number, ret_author->roster->unit);
}

// A signature that isn't by who may release is one that doesn't hold.
static enum am_err held(enum am_err err)
{
    return err == AM_NOT_FOUND || err == AM_DENIED ? AM_SIGNATURE : err;
}

static enum am_err check_supervisor(struct session *session, const Amana__V1__Header *header, uint64_t seq,
                                    const struct about *about, const struct cms_signature *signature,
                                    struct am_bytes bytes, const struct roster_officer *author, bool deferred,
                                    struct am_detail *detail)
{
    const struct roster_officer *supervisor;
    struct roster *releasing;
    TRY(directory_at(session, header->releasing->unit, seq, &about->pointer, detail, &releasing));
    enum am_err err = release_check(signature, bytes, author, releasing, deferred, detail, &supervisor);
    roster_unref(releasing);
    return held(err);
}

// A second person is of the sender's agency, whoever else may be named: also of what goes first.
static enum am_err check_agency(const Amana__V1__Header *header, struct am_detail *detail)
{
    if (header->releasing == NULL || address_same_agency(header->sender->unit, header->releasing->unit))
        return AM_OK;
    return am_fail(AM_SIGNATURE, detail, header->id, "%s, which releases it, is no unit of its sender's agency",
                   header->releasing->unit);
}

enum am_err signers_check(struct session *session, const Amana__V1__Message *message, const Amana__V1__Header *header,
                          uint64_t seq, enum signers signers, struct am_detail *detail)
{
    struct author AM_CLEANUP(author_clear) author = {0};
    struct cms_signature signature;
    struct about about;
    struct am_bytes bytes = codec_bytes(message->header);
    TRY(check_agency(header, detail));
    TRY(seal_point(message, header, about.digest, &about.pointer));
    TRY(author_find(session, header, &about, detail, &author));
    TRY(cms_profile_signature(codec_bytes(message->signature), CMS_DETACHED_FORM, detail, &signature));
    if (signers == SIGNERS_SENT && header->release == AMANA__V1__RELEASE__CODE__REQUIRED)
        return check_supervisor(session, header, seq, &about, &signature, bytes, author.officer, false, detail);
    if (signature.count != 1)
        return am_fail(AM_SIGNATURE, detail, header->id, "it has two signers, and needs one");
    return held(cms_verify_bare(&signature, bytes, &author.officer->sign, detail));
}

enum am_err signers_check_late(struct session *session, const Amana__V1__Message *message,
                               const Amana__V1__Header *header, uint64_t seq, struct am_bytes der,
                               struct am_detail *detail)
{
    struct author AM_CLEANUP(author_clear) author = {0};
    struct cms_signature signature;
    struct about about;
    TRY(seal_point(message, header, about.digest, &about.pointer));
    TRY(author_find(session, header, &about, detail, &author));
    TRY(cms_profile_signature(der, CMS_DETACHED_FORM, detail, &signature));
    return check_supervisor(session, header, seq, &about, &signature, codec_bytes(message->header), author.officer,
                            true, detail);
}

enum am_err signers_check_returned(struct session *session, const char *unit, uint64_t seq,
                                   const Amana__V1__ReturnedEntry *entry, struct arena *arena, struct am_detail *detail,
                                   Amana__V1__Returned **ret_returned)
{
    Amana__V1__Returned *returned;
    const struct roster_officer *supervisor;
    struct roster *roster;
    TRY(codec_decode(&amana__v1__returned__descriptor, CODEC_STRICT, codec_bytes(entry->statement), arena, detail,
                     (ProtobufCMessage **)&returned));
    if (strcmp(returned->context, RETURNED_CONTEXT) != 0 || strcmp(returned->origin, session->hub->origin) != 0 ||
        !header_points_alike(returned->message, entry->message))
        return am_fail(AM_PROOF, detail, returned->officer, "the statement that returns it is about something else");
    TRY(directory_at(session, unit, seq, entry->message, detail, &roster));
    enum am_err err = release_check_returned(codec_bytes(entry->statement), codec_bytes(entry->signature), roster,
                                             returned->officer, detail, &supervisor);
    roster_unref(roster);
    if (err == AM_OK)
        *ret_returned = returned;
    return held(err);
}

// SPDX-License-Identifier: Apache-2.0
// Marks of persons as keyed digests, put and asked for.
#include "client/session/known.h"

#include "client/session/seal.h"
#include "client/session/store_index.h"
#include "proto/body/check.h"
#include "proto/body/person.h"
#include "proto/model/kind_body.h"

#include <bsd/string.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define ARENA_KNOWN (16u * 1024 * 1024)
#define INDEX       "person-index" // a value of the store: under which key the rows were made
#define CONTEXT     "amana index of persons and documents"

// --- Digests
struct index_key {
    uint8_t bytes[SHA256_DIGEST_LENGTH];
};

static void key_clear(struct index_key *key)
{
    OPENSSL_cleanse(key, sizeof *key);
}

static enum am_err digest_of(const struct index_key *key, const void *data, size_t len,
                             uint8_t ret_digest[STORE_PERSON_DIGEST])
{
    uint8_t whole[SHA256_DIGEST_LENGTH];
    if (HMAC(EVP_sha256(), key->bytes, sizeof key->bytes, data, len, whole, NULL) == NULL)
        return AM_CRYPTO;
    memcpy(ret_digest, whole, STORE_PERSON_DIGEST);
    return AM_OK;
}

static enum am_err key_make(struct session *session, struct index_key *ret_key)
{
    const struct certificate *certificate;
    struct am_detail detail = {0};
    uint8_t *der = NULL;
    EVP_PKEY *seal;
    TRY(session_key(session, CERT_USE_SEAL, &detail, &certificate, &seal));
    int len = i2d_PrivateKey(seal, &der);
    if (len <= 0)
        return AM_CRYPTO;
    bool made = HMAC(EVP_sha256(), der, len, (const uint8_t *)CONTEXT, strlen(CONTEXT), ret_key->bytes, NULL) != NULL;
    OPENSSL_clear_free(der, (size_t)len);
    return made ? AM_OK : AM_CRYPTO;
}

// --- Whom a body is about
// Documents that are searched for, or were found, by themselves: NULL where the kind has none.
static const ProtobufCFieldDescriptor *documents_of(const ProtobufCMessage *of_kind)
{
    const ProtobufCFieldDescriptor *field =
        of_kind != NULL ? protobuf_c_message_descriptor_get_field_by_name(of_kind->descriptor, "documents") : NULL;
    return field != NULL && field->descriptor == &amana__v1__document__descriptor ? field : NULL;
}

enum am_err known_persons(const Amana__V1__Body *body, struct arena *arena, struct known_persons *ret_persons)
{
    const ProtobufCMessage *of_kind = kind_body_get(&body->base);
    const ProtobufCFieldDescriptor *field = documents_of(of_kind);
    size_t n;
    Amana__V1__Person *const *persons = body_persons(body, &n);
    Amana__V1__Person **list = arena_array(arena, n + 1, sizeof *list);
    Amana__V1__Person *bearer = arena_alloc(arena, sizeof *bearer);
    if (list == NULL || bearer == NULL)
        return arena_error(arena);
    for (size_t i = 0; i < n; i++)
        list[i] = persons[i];
    amana__v1__person__init(bearer);
    if (field != NULL) {
        const uint8_t *message = (const uint8_t *)of_kind;
        bearer->n_documents = *(const size_t *)(const void *)(message + field->quantifier_offset);
        bearer->documents = *(Amana__V1__Document * *const *)(const void *)(message + field->offset);
    }
    list[n] = bearer;
    *ret_persons = (struct known_persons){list, n + 1};
    return AM_OK;
}

// --- Rows
static enum am_err row_add(const struct index_key *key, const struct person_mark *mark, size_t person,
                           struct arena *arena, ProtobufCBinaryData *ret_row)
{
    uint8_t row[STORE_PERSON];
    uint16_t number = person < UINT16_MAX ? (uint16_t)person : UINT16_MAX;
    TRY(digest_of(key, mark->text, strlen(mark->text), row));
    row[16] = (uint8_t)(number >> 8);
    row[17] = (uint8_t)number;
    row[18] = (uint8_t)mark->part;
    // Persons beyond the last number share it: none of them is told from another by its parts.
    row[19] = (uint8_t)(mark->of > 0 && number == UINT16_MAX ? PERSON_PARTS : mark->of);
    ret_row->len = sizeof row;
    ret_row->data = arena_copy(arena, row, sizeof row);
    return ret_row->data != NULL ? AM_OK : arena_error(arena);
}

static enum am_err rows_fill(const struct index_key *key, const Amana__V1__Body *body, struct arena *arena,
                             Amana__V1__Kept *kept)
{
    struct person_mark mark;
    struct known_persons persons;
    size_t room = 0, count = 0;
    TRY(known_persons(body, arena, &persons));
    for (size_t i = 0; i < persons.n; i++)
        room += persons.list[i]->n_documents + 2 * persons.list[i]->n_names;
    ProtobufCBinaryData *rows = arena_array(arena, room, sizeof *rows);
    if (rows == NULL)
        return arena_error(arena);
    for (size_t i = 0; i < persons.n; i++)
        for (size_t at = 0; person_mark(persons.list[i], at, &mark); at++)
            if (mark.text[0] != '\0')
                TRY(row_add(key, &mark, i, arena, &rows[count++]));
    kept->persons = rows;
    kept->n_persons = count;
    return AM_OK;
}

// --- The index of what is kept already
static enum am_err index_one(struct session *session, const struct index_key *key, enum store_box box, const char *id)
{
    struct arena AM_CLEANUP(arena_wipe) arena = {0};
    struct am_detail detail = {0};
    struct opened opened;
    Amana__V1__Kept *kept;
    arena_init(&arena, ARENA_KNOWN);
    TRY(store_get(session->store, box, id, &arena, &kept));
    kept->n_persons = 0;
    enum am_err err = seal_open(session, kept->message, &arena, &detail, &opened);
    if (err != AM_OK)
        return err == AM_NOMEM ? err : AM_OK; // it tells nobody anything
    TRY(rows_fill(key, opened.body, &arena, kept));
    return kept->n_persons > 0 ? store_put(session->store, box, id, kept) : AM_OK;
}

// Once for what was kept before there was an index, and again under each new key of this device.
static enum am_err index_make(struct session *session, const struct index_key *key)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    uint8_t print[STORE_PERSON_DIGEST];
    struct am_bytes made;
    arena_init(&arena, 4096);
    TRY(digest_of(key, INDEX, strlen(INDEX), print));
    enum am_err err = store_value_get(session->store, INDEX, &arena, &made);
    if (err == AM_OK && made.len == sizeof print && memcmp(made.data, print, sizeof print) == 0)
        return AM_OK;
    if (err != AM_OK && err != AM_NOT_FOUND)
        return err;
    TRY(store_persons_clear(session->store));
    for (unsigned box = 0; box < STORE_BOXES; box++) {
        char at[STORE_ID] = "", next[STORE_ID];
        while ((err = store_next(session->store, (enum store_box)box, at, next)) == AM_OK) {
            strlcpy(at, next, sizeof at);
            TRY(index_one(session, key, (enum store_box)box, at));
        }
        if (err != AM_NOT_FOUND)
            return err;
    }
    return store_value_put(session->store, INDEX, (struct am_bytes){print, sizeof print});
}

enum am_err known_fill(struct session *session, const Amana__V1__Body *body, struct arena *arena, Amana__V1__Kept *kept)
{
    struct index_key AM_CLEANUP(key_clear) key = {0};
    TRY(key_make(session, &key));
    TRY(index_make(session, &key));
    return rows_fill(&key, body, arena, kept);
}

// --- Asking
void known_clear(struct known *known)
{
    free(known->list);
    *known = (struct known){0};
}

static enum am_err add(struct known *known, enum store_box box, const char *id)
{
    for (size_t i = known->n; i > 0; i--)
        if (known->list[i - 1].box == box && strcmp(known->list[i - 1].id, id) == 0)
            return AM_OK;
    if (known->n == known->room) {
        size_t room = known->room * 2 + 8;
        struct known_message *list = reallocarray(known->list, room, sizeof *list);
        if (list == NULL)
            return AM_NOMEM;
        known->list = list;
        known->room = room;
    }
    known->list[known->n].box = box;
    strlcpy(known->list[known->n++].id, id, STORE_ID);
    return AM_OK;
}

// Somebody of a kept message who has a part of the name of the one looked for.
struct namesake {
    struct {
        char id[STORE_ID];
        uint8_t box, person[2];
    } who;
    unsigned of;
    uint32_t ours, theirs; // which parts, by bits
    UT_hash_handle hh;
};

static void namesakes_clear(struct namesake **all)
{
    struct namesake *one, *next;
    HASH_ITER (hh, *all, one, next) {
        HASH_DEL(*all, one);
        free(one);
    }
}

static enum am_err namesake_add(struct namesake **all, const struct store_person *row, const struct person_mark *mark)
{
    struct namesake *found, *one = calloc(1, sizeof *one); // zeroed: hashed with its gaps
    if (one == NULL)
        return AM_NOMEM;
    strlcpy(one->who.id, row->id, sizeof one->who.id);
    one->who.box = (uint8_t)row->box;
    memcpy(one->who.person, row->row + 16, 2);
    HASH_FIND(hh, *all, &one->who, sizeof one->who, found);
    if (found == NULL) {
        one->of = row->row[19];
        HASH_ADD(hh, *all, who, sizeof one->who, one);
        found = one;
    } else {
        free(one);
    }
    found->ours |= 1u << mark->part;
    found->theirs |= 1u << (row->row[18] % PERSON_PARTS);
    return AM_OK;
}

// All parts of one are among the other's, as far as parts are counted.
static bool is_namesake(const struct namesake *one, size_t of)
{
    return of >= PERSON_PARTS || one->of >= PERSON_PARTS || (size_t)__builtin_popcount(one->ours) == of ||
           (unsigned)__builtin_popcount(one->theirs) == one->of;
}

static enum am_err find_mark(struct session *session, const struct index_key *key, const struct person_mark *mark,
                             struct namesake **all, struct known *known)
{
    struct store_person row = {0};
    enum am_err err;
    TRY(digest_of(key, mark->text, strlen(mark->text), row.row));
    while ((err = store_next_person(session->store, &row)) == AM_OK)
        TRY(mark->of == 0 ? add(known, row.box, row.id) : namesake_add(all, &row, mark));
    return err == AM_NOT_FOUND ? AM_OK : err;
}

static enum am_err find_one(struct session *session, const struct index_key *key, const Amana__V1__Person *person,
                            struct known *known)
{
    struct namesake *all AM_CLEANUP(namesakes_clear) = NULL;
    struct person_mark mark;
    for (size_t at = 0; person_mark(person, at, &mark); at++)
        if (mark.text[0] != '\0')
            TRY(find_mark(session, key, &mark, &all, known));
    for (struct namesake *one = all; one != NULL; one = one->hh.next)
        if (is_namesake(one, person->n_names))
            TRY(add(known, (enum store_box)one->who.box, one->who.id));
    return AM_OK;
}

enum am_err known_find(struct session *session, const struct known_persons *persons, struct known *known)
{
    struct index_key AM_CLEANUP(key_clear) key = {0};
    TRY(key_make(session, &key));
    TRY(index_make(session, &key));
    for (size_t i = 0; i < persons->n; i++)
        if (person_is_known(persons->list[i]))
            TRY(find_one(session, &key, persons->list[i], known));
    return AM_OK;
}

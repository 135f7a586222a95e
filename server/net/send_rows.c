// SPDX-License-Identifier: Apache-2.0
// The check of a message on a worker, its second half: what the journal holds of the case and of what it points to.
#include "server/net/found.h"
#include "server/net/send_apart.h"

#include "proto/model/harm.h"
#include "proto/model/header.h"
#include "proto/model/life.h"
#include "proto/model/rules.h"

#include <string.h>

static const char *keep_text(struct check *check, const char *text)
{
    return arena_copy(check->arena, text, strlen(text));
}

// What the permission that it decides on was asked about.
static enum am_err found_asked(struct check *check, struct hub_found *decision)
{
    const Amana__V1__Pointer *to = decision->header != NULL ? decision->header->in_reply_to : NULL;
    struct store_pointer at;
    struct hub_found asking;
    enum am_err err;

    err = store_find_pointer(check->view, to, &at);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    TRY(found_fill(check->view, check->arena, &at, &asking));
    if (asking.kind == KIND(USE_PERMISSION) && asking.header != NULL)
        decision->asked = asking.header->in_reply_to;
    return AM_OK;
}

// By id and digest, which name one message; by id alone only to tell a wrong digest from a message that isn't there.
static enum am_err found_pointer(struct check *check, const Amana__V1__Pointer *pointer, struct hub_found *ret_found)
{
    struct store_pointer at;
    uint8_t id[16];
    uint64_t seq = 0;
    enum am_err err = store_find_pointer(check->view, pointer, &at);
    bool same = err == AM_OK;

    if (err == AM_NOT_FOUND && message_id_check(pointer->id, id, NULL) == AM_OK &&
        store_find_uuid(check->view, id, 0, &seq) == AM_OK)
        err = store_pointer_of(check->view, seq, &at);
    if (err == AM_NOT_FOUND)
        return AM_OK;
    TRY(err);
    TRY(found_fill(check->view, check->arena, &at, ret_found));
    ret_found->digest_matches = same;
    if (ret_found->kind == KIND(DECISION))
        TRY(found_asked(check, ret_found));
    return AM_OK;
}

static enum am_err check_case(struct check *check)
{
    if (check->header->case_ref[0] == '\0' || case_ref_check(check->header->case_ref, NULL) != AM_OK)
        return AM_OK;
    TRY(store_case_exists(check->view, check->header->case_ref, &check->s->case_exists));
    return store_case_party(check->view, check->header->case_ref, check->unit, &check->s->case_party);
}

static enum am_err check_pointers(struct check *check)
{
    const Amana__V1__Header *header = check->header;

    if (header->in_reply_to != NULL)
        TRY(found_pointer(check, header->in_reply_to, &check->s->reply_to));
    check->s->reply_party = hub_found_party(&check->s->reply_to, check->unit);
    if (header->supersedes != NULL)
        TRY(found_pointer(check, header->supersedes, &check->s->supersedes));
    for (size_t i = 0; i < header->n_references && i < LIMIT_REFERENCES; i++) {
        TRY(found_pointer(check, header->references[i], &check->s->references[i]));
        check->s->reference_party[i] = hub_found_party(&check->s->references[i], check->unit);
    }
    return AM_OK;
}

// When the clock of the sender's own life began: what it answers by is judged by that.
static enum am_err check_clock(struct check *check, const struct journal_life *life)
{
    enum am_err err = store_delivery(check->view, life->clock_seq, check->unit, &check->s->clock);

    return err == AM_NOT_FOUND ? AM_OK : err;
}

// A recipient whom a newer version was kept from (rule 4), or who was gone by then, lives by the one that it has; where
// its clock is of an end that it wasn't told of, the first that it had.
static enum am_err own_version(struct check *check, uint64_t root)
{
    struct hub_submission *s = check->s;
    struct journal_life life;
    enum am_err err;

    if (!s->has_chain || hub_found_party(&s->newest, check->unit))
        return AM_OK;
    err = store_life(check->view, root, check->unit, &life);
    if (err != AM_OK)
        return err == AM_NOT_FOUND ? AM_OK : err;
    TRY(found_at(check->view, check->arena, life.clock_seq, &s->newest));
    if (!hub_found_party(&s->newest, check->unit))
        s->newest = hub_found_party(&s->root, check->unit) ? s->root : s->reply_to;
    return AM_OK;
}

static enum am_err former_lives(struct check *check, uint64_t root)
{
    struct hub_submission *s = check->s;

    for (size_t i = 0; i < check->header->n_recipients && i < LIMIT_RECIPIENTS; i++) {
        struct journal_life life;
        enum am_err err = store_life(check->view, root, check->header->recipients[i]->unit, &life);
        if (err == AM_NOT_FOUND)
            continue;
        TRY(err);
        s->former_life[i] = life.version;
    }
    return AM_OK;
}

// Was it sent with its release DEFERRED, and sent back?
static enum am_err check_returned(struct check *check)
{
    struct journal_release release;
    enum am_err err =
        check->s->newest.found ? store_release(check->view, check->s->newest.seq, &release) : AM_NOT_FOUND;

    check->s->newest_returned = false;
    if (err == AM_NOT_FOUND)
        return AM_OK;
    TRY(err);
    check->s->newest_returned = release.deferred && release.state == AMANA__V1__RELEASE_STATE__CODE__RETURNED;
    return AM_OK;
}

// Of the newest version, but where that was kept from the recipient (rule 4).
static enum am_err check_in_force(struct check *check, const struct journal_life *life, uint64_t *ret_until)
{
    struct hub_found version = {.found = false};
    const struct journal_chain *chain = &check->s->chain;

    *ret_until = check->s->has_chain ? chain->valid_until : 0;
    if (!check->s->has_chain || life->clock_seq == chain->newest)
        return AM_OK;
    TRY(found_at(check->view, check->arena, life->clock_seq, &version));
    if (version.header != NULL)
        *ret_until = kind_in_force(version.header);
    return AM_OK;
}

// One that was read: whose it is, its officer, and until when what it lives by is in force.
static enum am_err life_keep(struct check *check, size_t i, const char *recipient)
{
    struct journal_life *life = &check->s->lives[i];

    check->s->has_life[i] = true;
    life->recipient = recipient;
    life->officer = keep_text(check, life->officer);
    if (life->recipient == NULL || life->officer == NULL)
        return arena_error(check->arena);
    return check_in_force(check, life, &check->s->in_force[i]);
}

// Of those whom the newest version was not sent to: they keep the life that an older one began.
static enum am_err older_lives(struct check *check, uint64_t root)
{
    struct hub_submission *s = check->s;
    enum am_err err = AM_OK;

    for (unsigned n = 0; err == AM_OK && s->n_lives < LIMIT_RECIPIENTS; n++) {
        err = store_life_of(check->view, root, n, &s->lives[s->n_lives]);
        if (err != AM_OK || hub_found_party(&s->newest, s->lives[s->n_lives].recipient))
            continue;
        TRY(life_keep(check, s->n_lives, keep_text(check, s->lives[s->n_lives].recipient)));
        s->n_lives++;
    }
    return err == AM_NOT_FOUND ? AM_OK : err;
}

// Whose life may be another to its originator: an answer is about the sender's own. One that nothing has moved is what
// everybody knows; of a sender whose own goes on apart what it knows of that is said.
static bool may_be_asked(const struct check *check, size_t i)
{
    const struct hub_submission *s = check->s;
    const struct journal_life *life = &s->lives[i];
    bool own = s->has_life[i] && strcmp(life->recipient, check->unit) == 0;

    return s->has_life[i] && life->state != life_begun(s->root.kind) &&
           !address_same_country(life->recipient, s->root.originator) && !(own && s->apart) &&
           (own || address_same_country(check->unit, s->root.originator));
}

static enum am_err asked_fill(struct check *check, const struct asked_place *place)
{
    struct hub_submission *s = check->s;
    struct journal_life *lives = arena_array(check->arena, s->n_lives, sizeof *lives);
    bool any = false;

    if (lives == NULL)
        return arena_error(check->arena);
    for (size_t i = 0; i < s->n_lives; i++) {
        struct journal_life life = s->lives[i];
        bool known = false;
        if (may_be_asked(check, i))
            TRY(asked_life(check->view, place, &life, &known));
        if (known)
            lives[i] = life;
        any |= known;
    }
    if (any) {
        s->as_known = lives;
        s->case_seen = place->seen.next - 1;
    }
    return AM_OK;
}

// Who asked, and hasn't got all that was answered, knows other lives.
static enum am_err check_asked(struct check *check, uint64_t root)
{
    struct hub_submission *s = check->s;
    struct asked_look look = {.view = check->view,
                              .case_ref = check->header->case_ref,
                              .root = root,
                              .shield = s->shield.version,
                              .reads = LIMIT_CASE_READS};
    bool any = false;

    if (harm_state(&s->shield, s->root.originator) == NULL)
        return AM_OK;
    for (size_t i = 0; i < s->n_lives; i++)
        any |= may_be_asked(check, i);
    if (!any)
        return AM_OK;
    TRY(asked_look(&look, &check->send->asked, &s->more));
    return s->more ? AM_OK : asked_fill(check, &check->send->asked);
}

// The life that an answer is about: root, its newest version, and how each recipient stands.
static enum am_err check_life(struct check *check)
{
    struct hub_submission *s = check->s;
    struct journal_life own;
    uint64_t root;
    bool known;
    enum am_err err;

    s->apart = false;
    s->n_lives = 0;
    if (!s->reply_to.found)
        return AM_OK;
    root = life_is_own(s->reply_to.kind, (unsigned)check->header->kind) ? s->reply_to.seq : s->reply_to.root;
    TRY(found_at(check->view, check->arena, root, &s->root));
    err = store_chain(check->view, root, &s->chain);
    if (err != AM_NOT_FOUND)
        TRY(err);
    s->has_chain = err == AM_OK;
    TRY(found_at(check->view, check->arena, s->has_chain ? s->chain.newest : root, &s->newest));
    TRY(check_returned(check));
    TRY(own_version(check, root));
    TRY(apart_find(check, &check->send->of_case.in_hand, &check->send->apart, root, &own, &known));
    if (s->more)
        return AM_OK;
    if (s->has_chain)
        TRY(former_lives(check, root));
    for (size_t i = 0; i < s->newest.n_recipients && i < LIMIT_RECIPIENTS; i++) {
        s->n_lives = i + 1;
        err = store_life(check->view, root, s->newest.recipients[i].unit, &s->lives[i]);
        if (err == AM_NOT_FOUND)
            continue;
        TRY(err);
        if (known && strcmp(s->newest.recipients[i].unit, check->unit) == 0)
            s->lives[i] = own;
        TRY(life_keep(check, i, s->newest.recipients[i].unit));
        if (strcmp(s->lives[i].recipient, check->unit) == 0)
            TRY(check_clock(check, &s->lives[i]));
    }
    if (kind_get((unsigned)check->header->kind)->chain == CHAIN_ENDS)
        TRY(older_lives(check, root));
    return check_asked(check, root);
}

// How those are kept that an ERASURE or HOLD names, and what an answer is about that outlasts its root.
static enum am_err check_content(struct check *check)
{
    const struct hub_found *named;

    if (check->s->root.found)
        TRY(found_content(check->view, check->s->root.seq, &check->s->root_content));
    for (size_t i = 0; (named = hub_named(check->s, i)) != NULL; i++)
        if (named->found)
            TRY(found_content(check->view, named->seq, &check->s->named[i]));
    return AM_OK;
}

static enum am_err shield_keep(struct check *check, const char *case_ref, struct journal_shield *ret_shield)
{
    struct journal_shield_state states[JOURNAL_SHIELD_STATES], *kept = NULL;

    TRY(store_shield(check->view, case_ref, states, ret_shield));
    if (ret_shield->n > 0) { // few cases have any: the arena of each message has no room for all
        kept = arena_array(check->arena, ret_shield->n, sizeof *kept);
        if (kept == NULL)
            return arena_error(check->arena);
        memcpy(kept, states, ret_shield->n * sizeof *kept);
    }
    ret_shield->states = kept;
    return AM_OK;
}

static const char *case_of(const struct hub_found *found)
{
    return found->found && found->header != NULL ? found->header->case_ref : NULL;
}

// Of each other case that it refers to.
static enum am_err check_shields(struct check *check)
{
    struct hub_submission *s = check->s;
    bool any;

    TRY(store_any_shield(check->view, &any));
    for (size_t i = 0; i < check->header->n_references && i < LIMIT_REFERENCES && any; i++) { // most hubs have none
        const char *of = case_of(&s->references[i]);
        bool known = of == NULL || strcmp(of, check->header->case_ref) == 0;
        for (size_t j = 0; j < i && !known; j++)
            known = case_of(&s->references[j]) != NULL && strcmp(of, case_of(&s->references[j])) == 0;
        if (!known)
            TRY(shield_keep(check, of, &s->references[i].shield));
    }
    return AM_OK;
}

// From whom the case is kept; and of what the message points at the flags, where it may take them back.
static enum am_err check_shield(struct check *check)
{
    struct hub_submission *s = check->s;
    struct hub_found *found[LIMIT_REFERENCES + 2] = {&s->reply_to, &s->supersedes};

    TRY(shield_keep(check, check->header->case_ref, &s->shield));
    TRY(check_shields(check));
    for (size_t i = 0; i < LIMIT_REFERENCES; i++)
        found[i + 2] = &s->references[i];
    for (size_t i = 0; hub_wants_flags(s) && i < AM_LEN(found); i++) {
        struct store_message message;
        if (!found[i]->found || store_message(check->view, found[i]->seq, &message) != AM_OK || message.flags.len == 0)
            continue;
        TRY(codec_decode(&amana__v1__flags__descriptor, CODEC_STRICT, message.flags, check->arena, NULL,
                         (ProtobufCMessage **)&found[i]->flags));
    }
    return AM_OK;
}

enum am_err send_check_rows(struct check *check)
{
    TRY(check_case(check));
    TRY(check_pointers(check));
    TRY(check_shield(check));
    TRY(apart_party(check, &check->send->of_case, &check->s->case_party));
    if (check->s->more)
        return AM_OK;
    TRY(check_life(check));
    const Amana__V1__Header *root = check->s->root.header;
    bool longer = root != NULL && rule_kept_longer(check->header, root);
    return longer || kind_orders((unsigned)check->header->kind) ? check_content(check) : AM_OK;
}

// SPDX-License-Identifier: Apache-2.0
// The recipients of an answer, by the row of its kind.
#include "client/cmd/answer_to.h"

#include "client/cmd/answers.h"
#include "client/session/directory.h"
#include "proto/body/check.h"
#include "proto/model/delivery.h"
#include "proto/model/life.h"

#include <bsd/string.h>
#include <string.h>

#define PART(name) AMANA__V1__PART__CODE__##name

static enum am_err recipient_put(struct arena *arena, Amana__V1__Draft *draft, const char *unit,
                                 Amana__V1__Part__Code part)
{
    Amana__V1__DraftRecipient *recipient = arena_alloc(arena, sizeof *recipient);
    if (recipient == NULL)
        return arena_error(arena);
    amana__v1__draft_recipient__init(recipient);
    recipient->unit = (char *)unit;
    recipient->part = part;
    draft->recipients[draft->n_recipients++] = recipient;
    return AM_OK;
}

static enum am_err recipient_add(const struct answer_input *input, struct arena *arena, Amana__V1__Draft *draft,
                                 const char *unit, Amana__V1__Part__Code part)
{
    const char *own = input->command.session->settings.value[SETTING_UNIT];
    for (size_t i = 0; i < draft->n_recipients; i++)
        if (strcmp(draft->recipients[i]->unit, unit) == 0)
            return AM_OK;
    if (draft->n_recipients == LIMIT_RECIPIENTS + 2 || (strcmp(unit, own) == 0 && !input->kind->to_itself))
        return AM_OK;
    return recipient_put(arena, draft, unit, part);
}

// What is to be erased is to be erased by all who have it.
static bool to_all(const Amana__V1__Draft *draft)
{
    return kind_asks_confirm((unsigned)draft->kind, (unsigned)draft->outcome);
}

// Who takes its place, where its registrar has said so; in the arena. "": nobody.
static const char *successor_of(struct session *session, struct arena *arena, const char *unit)
{
    Amana__V1__Member *said;
    return directory_member(session, unit, arena, &said) == AM_OK ? said->successor : "";
}

static void say_gone(const struct answer_input *input, struct arena *arena, const char *unit)
{
    const char *successor = successor_of(input->command.session, arena, unit);
    command_say("left out: %s, which can be sent nothing: it is a member of the hub no more, or nobody is on its "
                "roster%s%s",
                unit, successor[0] != '\0' ? "; in its place is " : "", successor);
}

static bool is_untaken(const struct answer_input *input, const char *unit)
{
    for (size_t i = 0; i < input->n_untaken; i++)
        if (strcmp(input->untaken[i], unit) == 0)
            return true;
    return false;
}

// One of those who have what is answered, unless it is not to learn of it.
static enum am_err recipient_usual(const struct answer_input *input, const struct target *newest, struct arena *arena,
                                   Amana__V1__Draft *draft, const char *unit, Amana__V1__Part__Code part)
{
    if (is_untaken(input, unit)) // and said so
        return AM_OK;
    if (!answer_keeps_from(input, newest, draft, unit)) {
        if (!directory_gone(input->command.session, unit))
            return recipient_add(input, arena, draft, unit, part);
        say_gone(input, arena, unit);
        return AM_OK;
    }
    const char *state = shield_lists(&input->shield, unit)->country;
    command_say("left out: %s. Somebody in this case may have fled %s; tell %s nothing by any other channel either",
                unit, state, state);
    return AM_OK;
}

// Who released it has it too; where it is one too many for a message they go without (delivery.h).
static enum am_err releasing_add(const struct answer_input *input, const struct target *newest, struct arena *arena,
                                 Amana__V1__Draft *draft, const char *unit, Amana__V1__Part__Code part)
{
    size_t i = 0;
    while (i < draft->n_recipients && strcmp(draft->recipients[i]->unit, unit) != 0)
        i++;
    if (i < LIMIT_RECIPIENTS || strcmp(unit, input->command.session->settings.value[SETTING_UNIT]) == 0)
        return recipient_usual(input, newest, arena, draft, unit, part);
    command_say("left out: %s, which released it: a message goes to at most %u units", unit, LIMIT_RECIPIENTS);
    return AM_OK;
}

// Where nobody who was asked to act is to learn of a new version or the end, who acts in their place (delivery.h).
static enum am_err stand_in_add(const struct answer_input *input, const struct target *newest, struct arena *arena,
                                Amana__V1__Draft *draft)
{
    struct session *session = input->command.session;
    const Amana__V1__Header *header = newest->opened.header;
    Amana__V1__Header answer = AMANA__V1__HEADER__INIT;
    struct journal_recipient told[LIMIT_RECIPIENTS];
    struct delivery_to to = {.originator = header->sender->unit, .recipients = told};
    const char *own = session->settings.value[SETTING_UNIT], *protection = directory_protection_of(session, own);
    answer.kind = draft->kind;
    for (size_t i = 0; i < header->n_recipients && to.n < LIMIT_RECIPIENTS; i++)
        if (!is_untaken(input, header->recipients[i]->unit) && !directory_gone(session, header->recipients[i]->unit) &&
            !answer_keeps_from(input, newest, draft, header->recipients[i]->unit))
            told[to.n++] =
                (struct journal_recipient){header->recipients[i]->unit, (uint8_t)header->recipients[i]->part};
    if (protection != NULL && strcmp(protection, own) != 0 && !answer_keeps_from(input, newest, draft, protection))
        to.protection = protection;
    const char *unit = delivery_stand_in(&answer, &to);
    if (unit == NULL)
        return AM_OK;
    command_say("%s is asked to act in their place", unit);
    for (size_t i = 0; i < draft->n_recipients; i++)
        if (strcmp(draft->recipients[i]->unit, unit) == 0)
            draft->recipients[i]->part = PART(ACTION);
    return recipient_add(input, arena, draft, unit, PART(ACTION));
}

enum am_err answer_to_all(const struct answer_input *input, const struct target *newest, struct arena *arena,
                          Amana__V1__Draft *draft)
{
    const Amana__V1__Header *header = newest->opened.header;
    for (size_t i = 0; i < header->n_recipients; i++)
        TRY(recipient_usual(input, newest, arena, draft, header->recipients[i]->unit, header->recipients[i]->part));
    return stand_in_add(input, newest, arena, draft);
}

enum am_err answer_to_also(const struct answer_input *input, struct arena *arena, Amana__V1__Draft *draft,
                           const char *unit)
{
    return recipient_add(input, arena, draft, unit, PART(COPY));
}

// --- Of several who were asked, those whose life it can't move
static bool life_takes(const Amana__V1__Draft *draft, unsigned root, uint8_t state)
{
    uint8_t next;
    return state == 0 ||
           life_move(root, state, (unsigned)draft->kind, (unsigned)draft->outcome, true, &next) != LIFE_FORBIDDEN;
}

// *ret_states: by recipient, the state of a life that it can't move; 0: it goes there. Where it can move nobody's, the
// hub says why.
static enum am_err find_unmoved(const struct answer_input *input, const struct target *newest,
                                const Amana__V1__Draft *draft, uint8_t ret_states[LIMIT_RECIPIENTS])
{
    const Amana__V1__Header *header = newest->opened.header;
    unsigned root = kind_root((unsigned)header->kind);
    struct answers answers;
    bool moves = false;
    memset(ret_states, 0, LIMIT_RECIPIENTS);
    if ((input->kind->to != TO_ASKED && input->kind->to != TO_OTHER_SIDE) || to_all(draft))
        return AM_OK;
    TRY(answers_find(input->command.session, newest->id, &answers));
    for (size_t i = 0; i < header->n_recipients && i < LIMIT_RECIPIENTS; i++) {
        const char *unit = header->recipients[i]->unit;
        if (is_untaken(input, unit) || answer_keeps_from(input, newest, draft, unit) ||
            directory_gone(input->command.session, unit))
            continue; // it is left out, and told so, whatever its state
        ret_states[i] = life_takes(draft, root, answers.lives[i].state) ? 0 : answers.lives[i].state;
        moves |= answers.lives[i].state != 0 && ret_states[i] == 0;
    }
    if (!moves)
        memset(ret_states, 0, LIMIT_RECIPIENTS);
    return AM_OK;
}

// Those of what is answered: whom a kind goes to by itself.
enum am_err answer_to_usual(const struct answer_input *input, const struct target *newest, struct arena *arena,
                            Amana__V1__Draft *draft)
{
    const Amana__V1__Header *header = newest->opened.header;
    enum kind_to to = kind_goes_to((unsigned)draft->kind, (unsigned)draft->outcome);
    bool back = to == TO_BACK || to == TO_ORIGINATOR || to == TO_PARTIES ||
                ((to == TO_OTHER_SIDE || to == TO_CHOSEN) && newest->box == STORE_INBOX);
    bool without =
        to == TO_PARTIES && !input->kind->root && directory_gone(input->command.session, header->sender->unit);
    if (without)
        say_gone(input, arena, header->sender->unit);
    else if (back)
        TRY(recipient_add(input, arena, draft, header->sender->unit, PART(ACTION)));
    if (back && to != TO_PARTIES)
        return AM_OK;
    uint8_t unmoved[LIMIT_RECIPIENTS];
    TRY(find_unmoved(input, newest, draft, unmoved));
    for (size_t i = 0; i < header->n_recipients; i++) {
        const Amana__V1__Recipient *recipient = header->recipients[i];
        if (to == TO_ASKED && recipient->part != PART(ACTION) && !to_all(draft))
            continue;
        if (i < LIMIT_RECIPIENTS && unmoved[i] != 0) {
            command_say("left out: %s, where its state is %s", recipient->unit, life_state_name(unmoved[i]));
            continue;
        }
        TRY(recipient_usual(input, newest, arena, draft, recipient->unit,
                            to == TO_HOLDERS   ? PART(ACTION)
                            : to == TO_PARTIES ? PART(COPY)
                                               : recipient->part));
    }
    TRY(stand_in_add(input, newest, arena, draft));
    if (to == TO_HOLDERS) {
        TRY(recipient_usual(input, newest, arena, draft, header->sender->unit, PART(ACTION)));
        for (size_t i = 0; i < input->n_releasing; i++)
            TRY(releasing_add(input, newest, arena, draft, input->releasing[i], PART(ACTION)));
    } else if (to_all(draft) && header->releasing != NULL) {
        TRY(releasing_add(input, newest, arena, draft, header->releasing->unit, PART(COPY)));
    }
    if (draft->n_recipients > 0 || !input->kind->alone)
        return AM_OK;
    const char *own = input->command.session->settings.value[SETTING_UNIT];
    command_say("nobody who has it can be told: the %s goes to the hub and to this unit alone", kind_name(draft->kind));
    return recipient_put(arena, draft, own, PART(ACTION));
}

static bool goes_to_all(const Amana__V1__Draft *draft)
{
    enum kind_to to = kind_goes_to((unsigned)draft->kind, (unsigned)draft->outcome);
    return to == TO_PARTIES || to == TO_ASKED || to == TO_FORMER || to == TO_SAME || to == TO_HOLDERS;
}

static bool protects_child(const struct answer_input *input, const Amana__V1__Draft *draft)
{
    return draft->flags->child && input->kind->child_rule;
}

bool answer_to_asks(const struct answer_input *input, const Amana__V1__Draft *draft)
{
    return draft->n_recipients == 0 && ((goes_to_all(draft) && input->n_to == 0) || protects_child(input, draft));
}

// Who protects where a HIT was made; NULL: nobody, or it isn't said where.
static const char *protection_there(const struct answer_input *input, const Amana__V1__Draft *draft)
{
    const Amana__V1__Hit *hit = input->verb->kind == KIND(HIT) ? draft->hit : NULL;
    char country[3];
    if (hit == NULL || hit->place == NULL)
        return NULL;
    body_place_country(hit->place, country);
    return trust_protection_unit(input->command.session->trust, country);
}

// What can't be had now is said where it is sealed.
static void look(struct session *session, const char *unit, const Amana__V1__Pointer *about)
{
    struct am_detail detail = {0};
    struct roster *roster;
    if (unit != NULL && directory_newest(session, unit, about, &detail, &roster) == AM_OK)
        roster_unref(roster);
}

void answer_to_look(const struct answer_input *input, const struct target *newest, const Amana__V1__Draft *draft)
{
    struct session *session = input->command.session;
    const Amana__V1__Header *header = newest->opened.header;
    for (size_t i = 0; i < header->n_recipients && goes_to_all(draft); i++)
        look(session, header->recipients[i]->unit, &newest->pointer);
    if (goes_to_all(draft) && newest->box == STORE_INBOX)
        look(session, header->sender->unit, &newest->pointer);
    for (size_t i = 0; i < input->n_releasing && (input->kind->to == TO_HOLDERS || to_all(draft)); i++)
        look(session, input->releasing[i], &newest->pointer);
    if (!protects_child(input, draft))
        return;
    look(session, trust_protection_of(session->trust, session->settings.value[SETTING_UNIT]), &newest->pointer);
    look(session, protection_there(input, draft), &newest->pointer);
}

// Rule 3: who protects in the sender's country, and of a HIT where the child is.
static enum am_err protection_add(const struct answer_input *input, const struct target *newest, struct arena *arena,
                                  Amana__V1__Draft *draft)
{
    struct session *session = input->command.session;
    const char *own = session->settings.value[SETTING_UNIT];
    if (!protects_child(input, draft) || input->kind->to == TO_FORMER)
        return AM_OK;
    const char *protection = directory_protection_there(session, trust_protection_of(session->trust, own));
    if (protection != NULL)
        TRY(recipient_add(input, arena, draft, protection, PART(COPY)));
    protection = directory_protection_there(session, protection_there(input, draft));
    if (protection == NULL || is_untaken(input, protection) || answer_keeps_from(input, newest, draft, protection))
        return AM_OK;
    return recipient_add(input, arena, draft, protection, PART(COPY));
}

// What is left to do where nobody whom a kind goes to by itself can be told.
static enum am_err nobody_left(const struct answer_input *input, const struct target *root, struct am_detail *detail)
{
    static const struct {
        unsigned kind;
        const char *verb, *more;
    } INSTEAD[] = {
        {KIND(UPDATE), "cancel", "; other units are named in FILE, as recipients"},
        {KIND(CLARIFICATION), "withdraw", "; another unit is asked with `amana new request`"},
        {KIND(CLOSE), "withdraw", ""},
    };
    for (size_t i = 0; i < AM_LEN(INSTEAD); i++)
        if (INSTEAD[i].kind == input->verb->kind)
            return am_fail(AM_INVALID, detail, "recipients",
                           "none of those who have it can be told, so that no %s can be sent: `amana %s %.13s` ends "
                           "it, also for them%s",
                           kind_name(input->verb->kind), INSTEAD[i].verb, root->id, INSTEAD[i].more);
    return am_fail(AM_INVALID, detail, "recipients",
                   "none of those who have it can be told; whom else it is for, --to or FILE says");
}

// Whether --to says to whom alone it goes.
static bool is_chosen(const struct answer_input *input, const struct target *newest, const Amana__V1__Draft *draft)
{
    switch ((enum kind_to)input->kind->to) {
    case TO_CHOSEN: return input->n_to > 0;
    case TO_ASKED: return input->n_to > 0 && !to_all(draft);
    case TO_OTHER_SIDE: return input->n_to > 0 && newest->box == STORE_SENT;
    default: return false;
    }
}

// One call reaches one desk: that the others were told too would be believed by who looks whether they were.
static enum am_err check_one_told(const Amana__V1__Draft *draft, struct am_detail *detail)
{
    char units[160] = "";
    size_t n = 0;
    for (size_t i = 0; i < draft->n_recipients; i++) {
        if (draft->recipients[i]->part != PART(ACTION))
            continue;
        strlcat(units, n++ > 0 ? ", " : "", sizeof units);
        strlcat(units, draft->recipients[i]->unit, sizeof units);
    }
    if (n < 2)
        return AM_OK;
    return am_fail(AM_USAGE, detail, "--to", "which of these was told? %s", units);
}

enum am_err answer_to_fill(const struct answer_input *input, const struct target *root, const struct target *newest,
                           struct arena *arena, struct am_detail *detail, Amana__V1__Draft *draft)
{
    const char *own = input->command.session->settings.value[SETTING_UNIT];
    bool chosen = is_chosen(input, newest, draft);
    if (draft->n_recipients > 0)
        return AM_OK; // the file says who
    if (input->verb->kind == KIND(REFERRAL) && input->n_to == 0) {
        const char *protection = trust_protection_of(input->command.session->trust, own);
        return am_fail(AM_INVALID, detail, "recipients",
                       "must name to whom somebody is handed over (--to, or FILE)%s%s",
                       protection != NULL ? "; in this country protects " : "", protection != NULL ? protection : "");
    }
    draft->recipients = arena_array(arena, LIMIT_RECIPIENTS + 2, sizeof *draft->recipients);
    if (draft->recipients == NULL)
        return arena_error(arena);
    for (size_t i = 0; i < input->n_to; i++)
        TRY(recipient_add(input, arena, draft, input->to[i].unit, input->to[i].part));
    if (!chosen)
        TRY(answer_to_usual(input, newest, arena, draft));
    TRY(protection_add(input, newest, arena, draft));
    if (input->verb->kind == KIND(CONTACT) && !chosen && newest->box == STORE_SENT)
        TRY(check_one_told(draft, detail));
    return draft->n_recipients > 0 ? AM_OK : nobody_left(input, root, detail);
}

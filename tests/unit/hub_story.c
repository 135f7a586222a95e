// SPDX-License-Identifier: Apache-2.0
// Stories of a listed state's post, told with what is withheld from it and without.
#include "tests/unit/hub_story.h"

#include "tests/unit/hub_shield.h"

#include <bsd/string.h>
#include <stdio.h>

struct letter *root_of(struct story *story, unsigned kind)
{
    struct letter *root = letter_new(story->world, POLICE, kind);
    letter_to(story->world, root, POST, ACTION);
    letter_to(story->world, root, LONELY, ACTION);
    accepted(story->world, root);
    story->root = root;
    return root;
}

struct letter *post_asks(struct story *story, unsigned kind)
{
    char *both[] = {(char *)"ke/*/*", (char *)"et/*/*"};
    struct letter *first = note(story->world, POLICE, POST), *root;
    accepted(story->world, first); // by which the case is the post's too
    retrieves(story->world, POST, URI(POST, "d1"), first->seq);
    world_grant(story->world, POST, "unit", both, AM_LEN(both));
    root = letter_new(story->world, POST, (Amana__V1__Kind__Code)kind);
    letter_to(story->world, root, POLICE, ACTION);
    if (kind == KIND(REFERRAL)) {
        root->header.consent = AMANA__V1__CONSENT__CODE__GIVEN;
        root->header.release = RELEASE(DEFERRED); // it goes abroad
        root->header.releasing = releasing(story->world, POST);
    }
    accepted(story->world, root);
    story->root = root;
    retrieves(story->world, POLICE, URI(POLICE, "d1"), root->seq);
    return root;
}

static void answer_of_police(struct story *story, unsigned kind, unsigned outcome)
{
    struct letter *letter = letter_new(story->world, POLICE, (Amana__V1__Kind__Code)kind);
    letter_answers(letter, story->root, story->root);
    letter_to(story->world, letter, POST, ACTION);
    letter->header.outcome = (Amana__V1__Outcome__Code)outcome;
    accepted(story->world, letter);
}

void withheld_answer(struct story *story, unsigned kind, unsigned outcome)
{
    if (story->end != NOTHING)
        answer_of_police(story, kind, outcome);
}

void police_answer(struct story *story, unsigned kind, unsigned outcome)
{
    answer_of_police(story, kind, outcome);
}

void flags(struct story *story)
{
    struct letter *note = letter_new(story->world, POLICE, KIND(NOTE));
    letter_to(story->world, note, CHILD_DESK, ACTION);
    note->flags.child = true;
    note->flags.protection = AMANA__V1__PROTECTION__CODE__YES;
    note->flags.never_tell = ET;
    note->flags.n_never_tell = 1;
    if (story->end != NOTHING)
        accepted(story->world, note);
    story->flag = note;
}

// What the post never fetches.
void ends(struct story *story)
{
    static const unsigned KINDS[] = {[UPDATED] = KIND(UPDATE),
                                     [CANCELLED] = KIND(CANCEL),
                                     [WITHDRAWN] = KIND(WITHDRAW),
                                     [EXPLAINED] = KIND(CLARIFICATION)};
    if (story->end == NOTHING)
        return;
    struct letter *letter =
        world_answer(story->world, POLICE, (Amana__V1__Kind__Code)KINDS[story->end], story->root, story->root);
    if (story->end == UPDATED)
        letter_supersedes(letter, story->root);
    if (story->end == WITHDRAWN)
        letter->header.outcome = AMANA__V1__OUTCOME__CODE__NO_LONGER_NEEDED;
    accepted(story->world, letter);
    story->ending = letter;
}

// The end, and the flag that keeps it from the post.
void ends_and_flags(struct story *story)
{
    ends(story);
    flags(story);
}

void post_has_it(struct story *story)
{
    retrieves(story->world, POST, URI(POST, "d1"), story->root->seq);
}

void post_answers(struct story *story, unsigned kind, unsigned outcome)
{
    struct letter *letter = world_answer(story->world, POST, (Amana__V1__Kind__Code)kind, story->root, story->root);
    letter->header.outcome = (Amana__V1__Outcome__Code)outcome;
    accepted(story->world, letter);
}

// --- What the post is told by the clock
bool is_of_clock(const struct model_entry *entry)
{
    return entry->kind == ENTRY(DEADLINE) || entry->kind == ENTRY(STATE);
}

// What met it is withheld from the unit that asked.
static bool met_unseen(struct world *world, const char *device, const struct model_entry *entry)
{
    const Amana__V1__EntryContent *content = entry->content;
    if (content->kind_case != AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE || content->deadline->met_by == NULL)
        return false;
    const struct model_message *by = model_find(&world->model, NULL, content->deadline->met_by->id);
    const struct journal_mail row = {.seq = by->seq, .kind = JOURNAL_MAIL_MESSAGE};
    return strstr(by->device, device) == NULL && model_mail_withheld(&world->model, device, &row);
}

bool shown(struct world *world, const char *device, const char *unit, const struct model_entry *entry)
{
    struct model_message *about = model_message_at(&world->model, entry->of);
    const struct journal_shield *shield = world->model.n_shields > 0 ? &world->model.shields[0] : NULL;
    if (!told(world, device, entry) || met_unseen(world, device, entry))
        return false;
    if (shield == NULL)
        return true;
    char country[ADDRESS_COUNTRY_MAX + 1];
    address_country(unit, country);
    const struct journal_delivery *delivery = NULL;
    for (size_t i = 0; i < about->n_recipients; i++)
        if (strcmp(about->recipients[i].unit, unit) == 0)
            delivery = &about->deliveries[i];
    bool has = strcmp(about->originator, unit) == 0 || (delivery != NULL && delivery->retrieved_at != 0);
    return has || strcmp(country, shield->states[0].country) != 0;
}

static void see(struct story *story, const struct model_entry *entry)
{
    const Amana__V1__EntryContent *content = entry->content;
    char line[256];
    snprintf(line, sizeof line, "+%llu s:", (unsigned long long)((entry->time_ns - WORLD_START) / NS_PER_S));
    strlcat(story->seen, line, SEEN);
    if (content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE) {
        strlcat(story->seen, " ", SEEN);
        strlcat(story->seen, content->deadline->recipient, SEEN);
        for (size_t i = 0; i < content->deadline->n_clocks; i++) {
            const Amana__V1__DeadlineClock *clock = content->deadline->clocks[i];
            snprintf(line, sizeof line, " %d from %d%s due +%llu%s", (int)clock->what, (int)clock->from,
                     clock->again ? " again" : "", (unsigned long long)((clock->due - WORLD_START) / NS_PER_S),
                     clock->late ? " late" : "");
            strlcat(story->seen, line, SEEN);
        }
        strlcat(story->seen, content->deadline->met_by != NULL ? " met\n" : " passed\n", SEEN);
    } else {
        for (size_t i = 0; i < content->state->n_moves; i++) {
            snprintf(line, sizeof line, " %s %d to %d", content->state->moves[i]->recipient,
                     (int)content->state->moves[i]->from, (int)content->state->moves[i]->to);
            strlcat(story->seen, line, SEEN);
        }
        strlcat(story->seen, "\n", SEEN);
    }
}

// What receipts say of lives: its own, and those that come with answers.
static void see_moves(struct story *story, const struct model_entry *entry)
{
    const Amana__V1__SubmittedEntry *said = entry->content->submitted;
    char line[64];
    for (size_t i = 0; i < said->n_moves; i++) {
        snprintf(line, sizeof line, "[%s of %d: %d to %d] ", said->crossed ? "crossed" : "receipt",
                 entry->message->kind, (int)said->moves[i]->from, (int)said->moves[i]->to);
        strlcat(story->seen, line, SEEN);
    }
}

static bool comes_to_post(struct world *world, struct model_message *message)
{
    const struct journal_mail row = {.seq = message->seq, .kind = JOURNAL_MAIL_MESSAGE};
    bool comes = strcmp(message->originator, POST) == 0;
    for (size_t i = 0; i < message->n_recipients; i++)
        comes |= strcmp(message->recipients[i].unit, POST) == 0 &&
                 !model_mail_withheld(&world->model, URI(POST, "d1"), &row);
    return comes;
}

void look(struct story *story)
{
    for (size_t i = 0; i < story->world->model.n; i++) {
        const struct model_entry *entry = &story->world->model.entries[i];
        if (is_of_clock(entry) && shown(story->world, URI(POST, "d1"), POST, entry))
            see(story, entry);
        if (entry->message != NULL && comes_to_post(story->world, entry->message))
            see_moves(story, entry);
    }
}

// In steps, as a clock goes: what passes in one step is told in one.
void time_goes(struct story *story, uint64_t ns, uint64_t step)
{
    for (uint64_t at = 0; at < ns; at += step)
        world_pass(story->world, step);
}

// The same to the post; what it is told has these many lines.
void same(struct world *world, void (*tell)(struct story *story), enum end end, size_t lines)
{
    struct story with = {.world = world, .end = end}, without = {.end = NOTHING};
    void *other = NULL;
    size_t n = 0;
    tell(&with);
    look(&with);
    assert_int_equal(hub_begin(&other), 0);
    without.world = other;
    tell(&without);
    look(&without);
    assert_string_equal(with.seen, without.seen);
    for (const char *at = without.seen; (at = strchr(at, '\n')) != NULL; at++)
        n++;
    assert_int_equal(n, lines);
    assert_int_equal(hub_end(&other), 0);
}

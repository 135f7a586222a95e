// SPDX-License-Identifier: Apache-2.0
// Rule 11: to whom a message may go that builds on one marked H2.
#include "tests/unit/hub_expect.h"

#include <bsd/string.h>
#include <stdlib.h>

static Amana__V1__Handling__Code H2[] = {AMANA__V1__HANDLING__CODE__H2};

// Of police to the post, not to be passed on; the post may write to all of Kenya and Ethiopia.
static struct letter *marked(struct world *world)
{
    char *all[] = {(char *)"ke/*/*", (char *)"et/*/*", (char *)"so/*/*"};
    world_grant(world, POST, "unit", all, 3);
    struct letter *alert = alert_to(world, POLICE, POST);
    alert->header.handling = H2;
    alert->header.n_handling = 1;
    accepted(world, alert);
    return alert;
}

static struct letter *note_on(struct world *world, const char *from, const struct letter *about, const char *to)
{
    struct letter *note = letter_new(world, from, KIND(NOTE));
    letter_answers(note, about, about);
    letter_to(world, note, to, ACTION);
    return note;
}

static void it_goes_back_and_to_who_protects_in_their_countries(void **state)
{
    struct world *world = *state;
    struct letter *alert = marked(world);
    accepted(world, note_on(world, POST, alert, POLICE));
    accepted(world, note_on(world, POST, alert, CHILD_DESK));
    accepted(world, note_on(world, POST, alert, SHELTER));
}

static void it_goes_to_nobody_else(void **state)
{
    struct world *world = *state;
    struct letter *alert = marked(world), *note = note_on(world, POST, alert, COLLEAGUES);
    refused(world, note, REASON_HANDLING_FORBIDS, "recipients[0].unit");
    note = note_on(world, POST, alert, POLICE);
    letter_to(world, note, LONELY, COPY);
    refused(world, note, REASON_HANDLING_FORBIDS, "recipients[1].unit");
}

static void what_is_not_marked_goes_on(void **state)
{
    struct world *world = *state;
    struct letter *alert;
    (void)marked(world);
    alert = alert_to(world, POLICE, POST);
    accepted(world, alert);
    accepted(world, note_on(world, POST, alert, COLLEAGUES));
}

static void a_reference_passes_it_on_like_an_answer(void **state)
{
    struct world *world = *state;
    struct letter *alert = marked(world), *note = note_on(world, POST, alert, COLLEAGUES);
    Amana__V1__Pointer *list[] = {&note->in_reply_to};
    note->header.in_reply_to = NULL;
    note->header.references = list;
    note->header.n_references = 1;
    refused(world, note, REASON_HANDLING_FORBIDS, "recipients[0].unit");
}

static void its_sender_may_tell_whom_it_will(void **state)
{
    struct world *world = *state;
    accepted(world, note_on(world, POLICE, marked(world), LONELY));
}

static struct letter *decided(struct world *world, const struct letter *alert, int outcome, char **to)
{
    struct letter *asked = world_answer(world, POST, KIND(USE_PERMISSION), alert, alert), *decision;
    accepted(world, asked);
    decision = world_answer(world, POLICE, KIND(DECISION), asked, asked);
    decision->header.n_recipients = 0;
    letter_to(world, decision, POST, ACTION);
    decision->header.outcome = (Amana__V1__Outcome__Code)outcome;
    decision->header.granted_to = to;
    decision->header.n_granted_to = to != NULL;
    decision->header.handling = H2; // as what it answers: that opens the message, and must not shut it by itself
    decision->header.n_handling = 1;
    accepted(world, decision);
    return decision;
}

static void a_decision_that_is_named_opens_it_to_whom_it_names(void **state)
{
    struct world *world = *state;
    struct letter *alert = marked(world), *decision, *note;
    char *to[] = {(char *)LONELY};
    Amana__V1__Pointer pointer = AMANA__V1__POINTER__INIT, *list[] = {&pointer};
    decision = decided(world, alert, OUTCOME(GRANTED), to);
    pointer.id = decision->header.id;
    pointer.header_digest = (ProtobufCBinaryData){32, decision->submission.header_digest};
    refused(world, note_on(world, POST, alert, LONELY), REASON_HANDLING_FORBIDS, "recipients[0].unit");
    note = note_on(world, POST, alert, LONELY);
    note->header.references = list;
    note->header.n_references = 1;
    accepted(world, note);
    note = note_on(world, POST, decision, LONELY); // in answer to it, about the alert
    Amana__V1__Pointer about = AMANA__V1__POINTER__INIT, *abouts[] = {&about};
    about.id = alert->header.id;
    about.header_digest = (ProtobufCBinaryData){32, alert->submission.header_digest};
    note->header.references = abouts;
    note->header.n_references = 1;
    accepted(world, note);
    note = note_on(world, POST, alert, COLLEAGUES); // whom it doesn't name
    note->header.references = list;
    note->header.n_references = 1;
    refused(world, note, REASON_HANDLING_FORBIDS, "recipients[0].unit");
    struct letter *other = marked(world); // and another message
    note = note_on(world, POST, other, LONELY);
    note->header.references = list;
    note->header.n_references = 1;
    refused(world, note, REASON_HANDLING_FORBIDS, "recipients[0].unit");
}

// As it is named in the references of a note on the alert.
static void a_note_naming(struct world *world, const struct letter *alert, const struct letter *named,
                          enum reason reason)
{
    Amana__V1__Pointer pointer = AMANA__V1__POINTER__INIT, *list[] = {&pointer};
    struct letter *note = note_on(world, POST, alert, LONELY);
    pointer.id = named->header.id;
    pointer.header_digest = (ProtobufCBinaryData){32, (uint8_t *)named->submission.header_digest};
    note->header.references = list;
    note->header.n_references = 1;
    if (reason == REASON_NONE)
        accepted(world, note);
    else
        refused(world, note, reason, "recipients[0].unit");
}

static void who_has_it_may_be_written_to_about_it(void **state)
{
    struct world *world = *state;
    char *all[] = {(char *)"ke/*/*", (char *)"et/*/*", (char *)"so/*/*"};
    world_grant(world, POST, "unit", all, 3);
    struct letter *alert = alert_to(world, POLICE, POST);
    letter_to(world, alert, LONELY, COPY);
    alert->header.handling = H2;
    alert->header.n_handling = 1;
    accepted(world, alert);
    accepted(world, note_on(world, POST, alert, LONELY));
}

static void what_is_no_grant_of_its_sender_opens_nothing(void **state)
{
    struct world *world = *state;
    struct letter *alert = marked(world), *asked;
    a_note_naming(world, alert, decided(world, alert, OUTCOME(DENIED), NULL), REASON_HANDLING_FORBIDS);
    asked = world_answer(world, POST, KIND(USE_PERMISSION), alert, alert);
    accepted(world, asked);
    a_note_naming(world, alert, asked, REASON_HANDLING_FORBIDS);
}

// Nobody but the sender of a message is asked for permission: nobody else can grant it.
static void permission_is_asked_of_nobody_but_its_sender(void **state)
{
    struct world *world = *state;
    struct letter *alert = marked(world), *asked = world_answer(world, POST, KIND(USE_PERMISSION), alert, alert);
    letter_to(world, asked, SHELTER, ACTION);
    refused(world, asked, REASON_FIELD_INVALID, "recipients");
}

static void units_of_the_agency_have_it_where_policy_says_so(void **state)
{
    struct world *world = *state;
    char *all[] = {(char *)"ke/*/*", (char *)"et/*/*", (char *)"so/*/*"};
    struct policy *policy = calloc(1, sizeof *policy);
    assert_non_null(policy);
    policy->onward = calloc(2, sizeof *policy->onward);
    assert_non_null(policy->onward);
    policy->n_onward = 2;
    (void)strlcpy(policy->onward[0].party, COLLEAGUES, sizeof policy->onward[0].party);
    (void)strlcpy(policy->onward[1].party, LONELY, sizeof policy->onward[1].party);
    world_grant(world, POLICE, "unit", all, 3);
    world_grant(world, POST, "unit", all, 3);
    accepted(world, alert_to(world, POLICE, POST)); // whose case it is
    struct letter *alert = alert_to(world, POST, POLICE);
    alert->header.handling = H2;
    alert->header.n_handling = 1;
    accepted(world, alert);
    refused(world, note_on(world, POLICE, alert, COLLEAGUES), REASON_HANDLING_FORBIDS, "recipients[0].unit");
    hub_set_policy(world->hub, policy);
    accepted(world, note_on(world, POLICE, alert, COLLEAGUES));
    refused(world, note_on(world, POLICE, alert, LONELY), REASON_HANDLING_FORBIDS, "recipients[0].unit");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(it_goes_back_and_to_who_protects_in_their_countries),
        HUB_TEST(it_goes_to_nobody_else),
        HUB_TEST(what_is_not_marked_goes_on),
        HUB_TEST(a_reference_passes_it_on_like_an_answer),
        HUB_TEST(who_has_it_may_be_written_to_about_it),
        HUB_TEST(what_is_no_grant_of_its_sender_opens_nothing),
        HUB_TEST(permission_is_asked_of_nobody_but_its_sender),
        HUB_TEST(units_of_the_agency_have_it_where_policy_says_so),
        HUB_TEST(its_sender_may_tell_whom_it_will),
        HUB_TEST(a_decision_that_is_named_opens_it_to_whom_it_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

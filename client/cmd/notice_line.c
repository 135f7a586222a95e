// SPDX-License-Identifier: Apache-2.0
// Entries of the clock in words.
#include "client/cmd/notice_line.h"

#include "client/session/notice.h"
#include "proto/model/life.h"

#define WHAT(name) AMANA__V1__DEADLINE_OF__CODE__##name

// --- Deadlines
static bool any_late(const Amana__V1__DeadlineEntry *entry, bool again)
{
    for (size_t i = 0; i < entry->n_clocks; i++)
        if (again ? entry->clocks[i]->again : entry->clocks[i]->late)
            return true;
    return false;
}

static bool is_about(const Amana__V1__DeadlineEntry *entry, Amana__V1__DeadlineOf__Code what)
{
    return entry->n_clocks > 0 && entry->clocks[0]->what == what;
}

static const char *deadline_label(const Amana__V1__DeadlineEntry *entry, enum print_style *ret_style)
{
    if (is_about(entry, WHAT(REVIEW)) || is_about(entry, WHAT(RELEASE))) {
        *ret_style = PRINT_YELLOW;
        return is_about(entry, WHAT(REVIEW)) ? "review" : "to release";
    }
    if (entry->met_by == NULL) {
        *ret_style = PRINT_RED;
        return any_late(entry, true) ? "escalated" : "overdue";
    }
    *ret_style = any_late(entry, false) ? PRINT_YELLOW : PRINT_GREEN;
    return any_late(entry, false) ? "late" : "in time";
}

static bool asks(const Amana__V1__DeadlineEntry *entry, Amana__V1__DeadlineOf__Code what)
{
    for (size_t i = 0; i < entry->n_clocks; i++)
        if (entry->clocks[i]->what == what)
            return true;
    return false;
}

static void clock_words(const Amana__V1__DeadlineClock *clock, bool met, uint64_t time_ns, FILE *out)
{
    fprintf(out, "%s due %s from %s", clock->what == WHAT(ANSWER) ? "answer" : "acknowledgement", print_ns(clock->due),
            clock->from == AMANA__V1__CLOCK_FROM__CODE__RETRIEVAL ? "retrieval" : "acceptance");
    if (met)
        fprintf(out, ": %s", clock->late ? print_until(clock->due, time_ns) : "in time");
}

static void deadline_words(const Amana__V1__DeadlineEntry *entry, uint64_t time_ns, FILE *out)
{
    if (is_about(entry, WHAT(RELEASE))) {
        fprintf(out, "%s has not released %.13s, which lapses %s", entry->recipient, entry->message->id,
                print_ns(entry->clocks[0]->due));
        return;
    }
    if (is_about(entry, WHAT(REVIEW))) {
        fprintf(out, "%.13s: its day of review has come: `amana keep` it, or `amana erase` it", entry->message->id);
        return;
    }
    bool answer = asks(entry, WHAT(ANSWER));
    if (entry->met_by != NULL)
        fprintf(out, "%s %s %.13s with %.13s", entry->recipient, answer ? "answered" : "acknowledged",
                entry->message->id, entry->met_by->id);
    else
        fprintf(out, "%s has not %s %.13s", entry->recipient, answer ? "answered" : "acknowledged", entry->message->id);
    for (size_t i = 0; i < entry->n_clocks; i++) {
        fputs(i == 0 ? " (" : ", ", out);
        clock_words(entry->clocks[i], entry->met_by != NULL, time_ns, out);
    }
    if (entry->n_clocks > 0)
        fputc(')', out);
    if (any_late(entry, true))
        fputs("; passed by as long again", out);
}

// --- Deliveries and states
static void units_words(char *const *units, size_t n, FILE *out)
{
    for (size_t i = 0; i < n; i++)
        fprintf(out, "%s%s", i > 0 ? ", " : "", units[i]);
}

static void evidence_words(const Amana__V1__DeliveryEvidence *entry, const char *what, FILE *out)
{
    fprintf(out, "%.13s %s ", entry->message->id, what);
    units_words(entry->recipients, entry->n_recipients, out);
    fprintf(out, ", due %s", print_ns(entry->due));
}

static uint8_t moved_to(const Amana__V1__StateEntry *entry)
{
    return entry->n_moves > 0 ? (uint8_t)entry->moves[0]->to : LIFE(EXPIRED);
}

static void moved_words(const Amana__V1__StateEntry *entry, FILE *out)
{
    if (moved_to(entry) == LIFE(EXPIRED))
        fprintf(out, ", by the clock: %.13s", entry->message->id);
    else
        fprintf(out, life_clock_stands(moved_to(entry)) ? ": %.13s does not come to it" : ": %.13s has come to it",
                entry->message->id);
}

static void state_words(const Amana__V1__StateEntry *entry, FILE *out)
{
    if (entry->found_elsewhere)
        fprintf(out, "what %.13s looks for was found elsewhere; it is still in force", entry->message->id);
    for (size_t i = 0; i < entry->n_moves; i++)
        fprintf(out, "%s%s: %s → %s", i == 0 ? "" : ", ", entry->moves[i]->recipient,
                life_state_name((uint8_t)entry->moves[i]->from), life_state_name((uint8_t)entry->moves[i]->to));
    if (entry->n_moves > 0)
        moved_words(entry, out);
    if (entry->n_undelivered > 0) {
        fprintf(out, "%.13s was kept as long as it may be, and not fetched by ", entry->message->id);
        units_words(entry->undelivered, entry->n_undelivered, out);
    }
}

static const char *state_label(const Amana__V1__StateEntry *entry)
{
    if (entry->found_elsewhere || entry->n_undelivered > 0)
        return entry->found_elsewhere ? "found" : "not fetched";
    if (moved_to(entry) == LIFE(EXPIRED))
        return "expired";
    return life_clock_stands(moved_to(entry)) ? "suspended" : "resumed";
}

// --- All of them
const char *notice_label(const Amana__V1__EntryContent *content, enum print_style *ret_style)
{
    *ret_style = PRINT_YELLOW;
    if (notice_message(content) == NULL)
        return NULL;
    switch (content->kind_case) {
    case AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE: return deadline_label(content->deadline, ret_style);
    case AMANA__V1__ENTRY_CONTENT__KIND_STATE: return state_label(content->state);
    case AMANA__V1__ENTRY_CONTENT__KIND_LATE: return "late";
    default: *ret_style = PRINT_RED; break;
    }
    return content->kind_case == AMANA__V1__ENTRY_CONTENT__KIND_NON_DELIVERED ? "undelivered" : "not fetched";
}

void notice_words(const Amana__V1__EntryContent *content, uint64_t time_ns, FILE *out)
{
    if (notice_message(content) == NULL)
        return;
    switch (content->kind_case) {
    case AMANA__V1__ENTRY_CONTENT__KIND_DEADLINE: deadline_words(content->deadline, time_ns, out); break;
    case AMANA__V1__ENTRY_CONTENT__KIND_STATE: state_words(content->state, out); break;
    case AMANA__V1__ENTRY_CONTENT__KIND_LATE: evidence_words(content->late, "is still on its way to", out); break;
    case AMANA__V1__ENTRY_CONTENT__KIND_NON_DELIVERED:
        evidence_words(content->non_delivered, "has not reached", out);
        break;
    default: evidence_words(content->non_retrieved, "has not been fetched by", out); break;
    }
}

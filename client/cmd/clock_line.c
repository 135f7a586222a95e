// SPDX-License-Identifier: Apache-2.0
// Two clocks of one recipient, each with its verdict.
#include "client/cmd/clock_line.h"

#include "client/cmd/print.h"
#include "proto/codec/timestamp.h"
#include "proto/model/life.h"

#include <stdio.h>
#include <string.h>

// Without the first word of print_until's "late by 3 h".
static const char *by(uint64_t due, uint64_t at)
{
    return print_until(due, at) + strlen("late ");
}

// "on time", "LATE by 3 h", "due in 12 min", "OVERDUE by 3 h", "ended before it was due".
static const char *verdict(uint64_t due, uint64_t done, uint64_t ended, uint64_t now, char ret_text[64])
{
    if (done != 0)
        snprintf(ret_text, 64, "%s%s", done <= due ? "on time" : "LATE ", done <= due ? "" : by(due, done));
    else if (ended != 0)
        snprintf(ret_text, 64, "%s", ended <= due ? "ended before it was due" : "OVERDUE when it ended");
    else
        snprintf(ret_text, 64, "%s%s", now <= due ? "due " : "OVERDUE ",
                 now <= due ? print_until(due, now) : by(due, now));
    return ret_text;
}

static void print_verdict(const char *word)
{
    bool bad = strncmp(word, "LATE", 4) == 0 || strncmp(word, "OVERDUE", 7) == 0;
    printf("%s%s%s\n", print_on(bad ? PRINT_RED : PRINT_GREEN), word, print_off());
}

// The second of the two clocks; fixed: there is one day for both.
static void print_from_retrieval(const struct clock *clock, uint64_t due, uint64_t done, bool fixed, bool stands,
                                 uint64_t now)
{
    char text[64];
    if (fixed)
        return;
    if (due != 0) {
        printf("        from retrieval, by %s: ", print_ns(due));
        print_verdict(stands ? "the clock stands still" : verdict(due, done, clock->ended, now, text));
    } else if (clock->ours && done == 0 && clock->ended == 0) {
        printf("        from retrieval: not begun, no device of theirs has signed for it\n");
    }
}

void clock_line_print(const struct clock *clock, uint64_t now)
{
    char text[64];
    if (clock->due.ack != 0) {
        printf("      %s: acknowledge by %s: ", clock->recipient, print_ns(clock->due.ack));
        if (clock->acked != 0)
            printf("%s by %s, ", print_ns(clock->acked), print_officer(clock->officer));
        print_verdict(verdict(clock->due.ack, clock->acked, clock->ended, now, text));
        print_from_retrieval(clock, clock->due_too.ack, clock->acked, false, false, now);
    }
    if (clock->due.answer != 0) {
        bool stands = clock->answered == 0 && clock->ended == 0 && life_clock_stands(clock->state);
        printf("      %s: answer by %s: ", clock->recipient, print_ns(clock->due.answer));
        if (clock->answered != 0)
            printf("%s, ", print_ns(clock->answered));
        print_verdict(stands ? "the clock stands still"
                             : verdict(clock->due.answer, clock->answered, clock->ended, now, text));
        print_from_retrieval(clock, clock->due_too.answer, clock->answered, clock->fixed, stands, now);
    }
}

static json_t *time_json(uint64_t ns)
{
    char text[TIMESTAMP_TEXT];
    if (ns == 0)
        return json_null();
    timestamp_print_ns(ns, text);
    return json_string(text);
}

static json_t *verdict_json(uint64_t due, uint64_t done, uint64_t ended, uint64_t now)
{
    char text[64] = "";
    return json_string(due != 0 ? verdict(due, done, ended, now, text) : text);
}

json_t *clock_line_json(const struct clock *clock, uint64_t now)
{
    const struct kind_due *due = &clock->due, *too = &clock->due_too;
    return json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "recipient", clock->recipient, "life",
        life_state_name(clock->state), "ack_due", time_json(due->ack), "acked", time_json(clock->acked), "ack",
        verdict_json(due->ack, clock->acked, clock->ended, now), "answer_due", time_json(due->answer), "answered",
        time_json(clock->answered), "answer", verdict_json(due->answer, clock->answered, clock->ended, now), "officer",
        clock->officer, "retrieved", time_json(clock->retrieved), "ack_due_retrieved", time_json(too->ack),
        "ack_retrieved", verdict_json(too->ack, clock->acked, clock->ended, now), "answer_due_retrieved",
        time_json(too->answer), "answer_retrieved", verdict_json(too->answer, clock->answered, clock->ended, now));
}

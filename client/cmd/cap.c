// SPDX-License-Identifier: Apache-2.0
// Amana's codes as CAP's.
#include "client/cmd/cap.h"

#include "client/cmd/print.h"
#include "proto/body/check.h"
#include "proto/codec/codec.h"
#include "proto/codec/plain.h"
#include "proto/model/header.h"
#include "proto/model/kind.h"

#include <string.h>
#include <time.h>

static const char *const SUBJECTS[] = {"case", "person", "group", "vehicle", "vessel", "document", "route", "place"};
static const char *const URGENCIES[] = {"Unknown", "Immediate", "Expected", "Expected", "Future"};
static const char *const SEVERITIES[] = {"Unknown", "Extreme", "Severe", "Moderate", "Minor"};
static const char *const CERTAINTIES[] = {"Unknown", "Observed", "Likely", "Possible", "Unknown"};
static const char *const STATUSES[] = {"Test", "Actual", "Exercise", "Test"};

// CAP's responseType of an action.
static const char *const RESPONSES[] = {NULL,      "Monitor", "Monitor", "Execute",
                                        "Execute", "Execute", "Execute", "Avoid"};

#define SUBJECT(name)   AMANA__V1__SUBJECT_KIND__CODE__##name
#define ROW(list, code) ((list)[(unsigned)(code) < AM_LEN(list) ? (unsigned)(code) : 0])

// XML 1.0 has no U+FFFE and U+FFFF, however they are written.
static bool is_no_character(const char *at)
{
    return (uint8_t)at[0] == 0xef && (uint8_t)at[1] == 0xbf && (uint8_t)at[2] >= 0xbe;
}

// On one line. It may be printed on a terminal, and is shown by others: control and format characters are left out
// there as they are here; XML 1.0 has most of them not at all.
static void element(FILE *out, unsigned indent, const char *name, const char *text)
{
    fprintf(out, "%*s<%s>", (int)indent, "", name);
    while (*text != '\0') {
        const char *shown;
        unsigned width;
        size_t len;
        text += plain_take(text, &shown, &len, &width);
        if (is_no_character(shown))
            fputs("\xef\xbf\xbd", out); // U+FFFD
        else if (*shown == '&')
            fputs("&amp;", out);
        else if (*shown == '<')
            fputs("&lt;", out);
        else if (*shown == '>')
            fputs("&gt;", out);
        else
            fwrite(shown, 1, len, out);
    }
    fprintf(out, "</%s>\n", name);
}

// CAP's dateTime has no Z: UTC is -00:00.
#define CAP_TIME 32
static void time_text(const Google__Protobuf__Timestamp *time, char ret_text[CAP_TIME])
{
    time_t seconds = (time_t)time->seconds;
    struct tm tm;
    ret_text[0] = '\0';
    if (gmtime_r(&seconds, &tm) != NULL)
        strftime(ret_text, CAP_TIME, "%Y-%m-%dT%H:%M:%S-00:00", &tm);
}

static void print_references(const Amana__V1__Header *const before[CAP_BEFORE], FILE *out)
{
    if (before[0] == NULL)
        return;
    fputs("  <references>", out);
    for (unsigned i = 0; i < CAP_BEFORE && before[i] != NULL; i++) {
        char sent[CAP_TIME];
        time_text(before[i]->written_at, sent);
        fprintf(out, "%s%s,%s,%s", i > 0 ? " " : "", before[i]->sender->unit, before[i]->id, sent);
    }
    fputs("</references>\n", out);
}

static void print_info(const Amana__V1__Header *header, const Amana__V1__Alert *alert, FILE *out)
{
    char event[64], expires[CAP_TIME];
    bool said[AM_LEN(RESPONSES)] = {false};
    snprintf(event, sizeof event, "Trafficking or smuggling: %s", ROW(SUBJECTS, header->subject_kind));
    fputs("  <info>\n", out);
    element(out, 4, "language", header->language);
    element(out, 4, "category", "Security");
    element(out, 4, "event", event);
    for (size_t i = 0; i < alert->n_actions; i++) {
        unsigned action = (unsigned)alert->actions[i];
        const char *response = action < AM_LEN(RESPONSES) ? RESPONSES[action] : NULL;
        for (unsigned other = 0; response != NULL && other < AM_LEN(RESPONSES); other++)
            if (said[other] && strcmp(RESPONSES[other], response) == 0)
                response = NULL;
        if (response == NULL)
            continue;
        element(out, 4, "responseType", response);
        said[action] = true;
    }
    element(out, 4, "urgency", ROW(URGENCIES, header->urgency));
    element(out, 4, "severity", ROW(SEVERITIES, header->urgency));
    element(out, 4, "certainty", ROW(CERTAINTIES, header->info_eval));
    if (header->valid_until != NULL) {
        time_text(header->valid_until, expires);
        element(out, 4, "expires", expires);
    }
    if (header->subject_kind != SUBJECT(PERSON) && header->subject_kind != SUBJECT(GROUP)) // its words name them
        element(out, 4, "headline", alert->title);
    fputs("  </info>\n", out);
}

enum am_err cap_print(const Amana__V1__Header *header, const Amana__V1__Body *body,
                      const Amana__V1__Header *const before[CAP_BEFORE], struct am_detail *detail, FILE *out)
{
    const struct kind *kind = kind_get((unsigned)header->kind);
    const Amana__V1__Alert *alert = body_alert(body);
    char sent[CAP_TIME], restriction[128];
    if (kind == NULL || kind->chain == CHAIN_NONE)
        return am_fail(AM_INVALID, detail, header->id, "is a %s: CAP has alerts, their updates and their ends only",
                       kind_name((unsigned)header->kind));
    size_t len =
        (size_t)snprintf(restriction, sizeof restriction, "%s",
                         codec_enum_name(&amana__v1__classification__code__descriptor, (int)header->classification));
    for (size_t i = 0; i < header->n_handling && len < sizeof restriction; i++)
        len += (size_t)snprintf(restriction + len, sizeof restriction - len, " %s",
                                codec_enum_name(&amana__v1__handling__code__descriptor, (int)header->handling[i]));
    time_text(header->written_at, sent);
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\">\n", out);
    element(out, 2, "identifier", header->id);
    element(out, 2, "sender", header->sender->unit);
    element(out, 2, "sent", sent);
    element(out, 2, "status", ROW(STATUSES, header->status));
    element(out, 2, "msgType",
            kind->chain == CHAIN_BEGINS   ? "Alert"
            : kind->chain == CHAIN_RENEWS ? "Update"
                                          : "Cancel");
    element(out, 2, "scope", "Restricted");
    element(out, 2, "restriction", restriction);
    print_references(before, out);
    if (alert != NULL)
        print_info(header, alert, out);
    fputs("</alert>\n", out);
    return ferror(out) != 0 ? AM_IO : AM_OK;
}

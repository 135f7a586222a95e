// SPDX-License-Identifier: Apache-2.0
// How it stands with a desk: the certificates and lists that it goes by, who else can open what it sends, its boxes.
#include "client/cmd/status_desk.h"

#include "certs/check.h"
#include "certs/clock.h"
#include "client/cmd/ending.h"
#include "client/cmd/json_line.h"
#include "client/cmd/member_row.h"
#include "client/cmd/print.h"
#include "client/cmd/roster_row.h"
#include "client/cmd/traffic.h"
#include "client/session/oversight.h"
#include "proto/codec/timestamp.h"

#include <stdlib.h>
#include <string.h>

void status_desk_settings(const struct settings *settings)
{
    printf("%-12s%s\n", "file", settings->file);
    for (unsigned i = 0; i < SETTINGS; i++)
        printf("%-12s%s%s%s%s%s\n", setting_key((enum setting)i),
               settings->value[i][0] != '\0' ? settings->value[i] : "(not set)", print_on(PRINT_DIM),
               settings->source[i][0] != '\0' ? "  from " : "", settings->source[i], print_off());
}

static void print_certificate(struct session *session, enum cert_use use)
{
    const struct certificate *certificate;
    struct am_detail detail = {0};
    int days = 0, seconds = 0;
    enum am_err err = session_key(session, use, &detail, &certificate, NULL);
    if (err == AM_OK)
        err = certs_check(session->trust, certificate->x509, use, clock_utc(), &detail, NULL);
    if (err != AM_OK) {
        printf("%-12s%s%s%s\n", cert_use_text(use), print_on(PRINT_RED), detail.text, print_off());
        return;
    }
    ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate->x509));
    printf("%-12sgood, %d days left%s\n", cert_use_text(use), days, days <= 14 ? ": renew it" : "");
}

// Who would be asked for a newer one: a list that is stale, or will be by tomorrow, is told by its issuer.
static void print_lists(const struct session *session)
{
    struct trust_list lists[TRUST_LISTS];
    size_t n = trust_lists(session->trust, lists);
    uint64_t now = clock_utc();
    printf("%-12s%s\n", "crls until", print_ns(trust_crls_expire(session->trust)));
    for (size_t i = 0; i < n; i++) {
        bool stale = now > lists[i].until;
        if (now + LIMIT_CRL_SOON_NS < lists[i].until)
            continue;
        printf("%-12s%s", "", print_on(stale ? PRINT_RED : PRINT_YELLOW));
        print_text(stdout, lists[i].issuer, 0);
        printf(": %s %s; ask for the newest%s\n", stale ? "stale since" : "ends", print_ns(lists[i].until),
               print_off());
    }
}

static json_t *lists_json(const struct session *session)
{
    struct trust_list lists[TRUST_LISTS];
    size_t n = trust_lists(session->trust, lists);
    json_t *array = json_array();
    for (size_t i = 0; i < n; i++) {
        char until[TIMESTAMP_TEXT];
        timestamp_print_ns(lists[i].until, until);
        json_array_append_new(array, json_pack("{s:s, s:s}", "issuer", lists[i].issuer, "until", until));
    }
    return array;
}

// Live messages on a line of their own; exercises and tests on another, where there are any.
static const enum store_box BOXES[] = {STORE_OUTBOX, STORE_INBOX, STORE_SENT};
struct counts {
    unsigned live[AM_LEN(BOXES)], other[AM_LEN(BOXES)], others;
};

static enum am_err count_boxes(struct session *session, struct counts *ret_counts)
{
    struct counts counts = {0};
    for (size_t i = 0; i < AM_LEN(BOXES); i++) {
        TRY(traffic_count(session->store, BOXES[i], &counts.live[i], &counts.other[i]));
        counts.others += counts.other[i];
    }
    *ret_counts = counts;
    return AM_OK;
}

static void print_counts(const char *name, const unsigned counts[AM_LEN(BOXES)])
{
    printf("%-12s%u waiting · %u in the inbox · %u sent\n", name, counts[0], counts[1], counts[2]);
}

static json_t *counts_json(const unsigned counts[AM_LEN(BOXES)])
{
    return json_pack("{s:i, s:i, s:i}", "outbox", (int)counts[0], "inbox", (int)counts[1], "sent", (int)counts[2]);
}

// Who else can open what this unit sends.
static void print_oversight(const struct session *session)
{
    char words[OVERSIGHT_TEXT];
    oversight_words(session, session->settings.value[SETTING_UNIT], words);
    if (oversight_revoked(session, session->settings.value[SETTING_UNIT]))
        printf("%-12s%s%s%s\n", "oversight", print_on(PRINT_RED), words, print_off());
    else if (words[0] != '\0')
        printf("%-12swhat is sent from here: %s\n", "oversight", words);
    if (ending_oversight(session))
        printf("%-12s%sits certificate " ENDING_OVERSIGHT "%s\n", "", print_on(PRINT_RED), print_off());
}

// Of a registrar: what falls with a certificate of its country's that ends. 0 of others, and without a link.
struct ending {
    unsigned statements, rosters;
};

static struct ending rows_ending(struct session *session, bool online)
{
    struct arena AM_CLEANUP(arena_clear) arena = {0};
    const char *unit = session->settings.value[SETTING_UNIT];
    const struct certificate *certificate;
    Amana__V1__MembersResponse *response;
    struct am_detail detail = {0};
    char country[ADDRESS_COUNTRY_MAX + 1];
    address_country(unit, country);
    if (!online || session_key(session, CERT_USE_SIGN_OFFICER, &detail, &certificate, NULL) != AM_OK ||
        !trust_is_registrar(session->trust, country, certificate->digest))
        return (struct ending){0};
    arena_init(&arena, ARENA_VERB);
    if (member_rows_ask(session, "", false, &arena, &detail, &response) != AM_OK)
        return (struct ending){0};
    return (struct ending){member_rows_ending(session, response), roster_rows_ending(session, response)};
}

static void print_ending(unsigned n, const char *what, const char *verb)
{
    char words[STANDING_TEXT];
    standing_words(n, what, verb, words);
    if (words[0] != '\0')
        printf("%-12s%s%s%s\n", "registry", print_on(PRINT_RED), words, print_off());
}

static json_t *status_json(struct command *command, bool online, const struct counts *counts)
{
    struct session *session = command->session;
    json_t *object = json_object(), *settings = json_object();
    char oversight[OVERSIGHT_TEXT];
    struct ending ending = rows_ending(session, online);
    for (unsigned i = 0; i < SETTINGS; i++)
        json_object_set_new(
            settings, setting_key((enum setting)i),
            json_pack("{s:s, s:s}", "value", command->settings.value[i], "from", command->settings.source[i]));
    json_object_set_new(object, "settings", settings);
    json_object_set_new(object, "online", json_boolean(online));
    json_object_set_new(object, "offline", online ? json_null() : json_string(session->offline.text));
    json_object_set_new(object, "origin", json_string(session->hub->origin));
    json_object_set_new(object, "log_size", json_integer(session->has_seen ? (json_int_t)session->seen.size : 0));
    json_object_set_new(object, "crls", lists_json(session));
    oversight_words(session, session->settings.value[SETTING_UNIT], oversight);
    json_object_set_new(object, "oversight", oversight[0] != '\0' ? json_string(oversight) : json_null());
    json_object_set_new(object, "statements_ending", json_integer(ending.statements));
    json_object_set_new(object, "rosters_ending", json_integer(ending.rosters));
    json_object_set_new(object, "messages", counts_json(counts->live));
    json_object_set_new(object, "exercises", counts_json(counts->other));
    return object;
}

// All goes by the hub's clock, but certificates are judged by this one: where it is out by minutes it is said.
static void print_link(const struct session *session, const char *address)
{
    long long ms = llabs(session->clock_ns) / 1000000, minutes = ms / 60000;
    const char *out = minutes < 2 ? "" : ": set it right";
    printf("%-12s%s%s%s at %s, this clock is %s", "link", print_on(PRINT_GREEN), session->hub->name, print_off(),
           address, print_on(minutes < 2 ? PRINT_PLAIN : PRINT_YELLOW));
    if (ms < 10000)
        printf("%lld ms", ms);
    else if (minutes < 2)
        printf("%lld s", ms / 1000);
    else if (minutes < 120)
        printf("%lld min", minutes);
    else
        printf("%lld h", minutes / 60);
    printf(" %s%s%s\n", session->clock_ns >= 0 ? "behind" : "ahead", out, minutes < 2 ? "" : print_off());
}

int status_desk(struct command *command)
{
    static const enum cert_use uses[] = {CERT_USE_AUTH, CERT_USE_SEAL, CERT_USE_SIGN_DEVICE, CERT_USE_SIGN_OFFICER};
    struct session *session = command->session;
    struct am_detail detail = {0};
    struct counts counts;
    struct ending ending;
    bool online;
    int code = command_try_connect(command, &online);
    if (code != 0 && code != EX_CONFIG)
        return code;
    enum am_err err = count_boxes(session, &counts);
    if (err != AM_OK)
        return command_fail(err, &detail);
    if (command->json)
        return json_line_print(status_json(command, online, &counts), stdout);
    status_desk_settings(&command->settings);
    for (size_t i = 0; i < AM_LEN(uses); i++)
        print_certificate(session, uses[i]);
    print_lists(session);
    print_oversight(session);
    ending = rows_ending(session, online);
    print_ending(ending.statements, MEMBER_ROWS_RENEW);
    print_ending(ending.rosters, ROSTER_ROWS_RENEW);
    if (online)
        print_link(session, command->settings.value[SETTING_ADDRESS]);
    else
        printf("%-12s%snone%s: %s\n", "link", print_on(PRINT_YELLOW), print_off(), session->offline.text);
    if (session->has_seen)
        printf("%-12s%s verified to %llu entries\n", "log", session->hub->origin,
               (unsigned long long)session->seen.size);
    print_counts("messages", counts.live);
    if (counts.others > 0)
        print_counts("exercises", counts.other);
    return code != 0 ? code : online ? 0 : EX_UNAVAILABLE;
}

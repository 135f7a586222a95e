// SPDX-License-Identifier: Apache-2.0
// Reading a submission by expat, within limits; and each answer to its place in an alert, by one table.
#include "client/cmd/odk.h"

#include "amana/v1/draft.pb-c.h"
#include "client/cmd/htcds.h"
#include "proto/body/shape.h"
#include "proto/codec/codec.h"

#include <bsd/string.h>
#include <ctype.h>
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// --- Reading
struct reading {
    XML_Parser parser;
    struct arena *arena;
    struct am_detail *detail;
    struct odk_submission *submission;
    enum am_err err;
    unsigned depth;
    size_t path_at[ODK_DEPTH + 1]; // where the name of each level begins in `path`
    char path[ODK_NAME];
    bool leaf; // nothing but text came since the element began
    size_t len;
    char text[ODK_VALUE + 1];
};

__attribute__((format(printf, 3, 4))) static void stop(struct reading *reading, enum am_err err, const char *format,
                                                       ...)
{
    if (reading->err != AM_OK)
        return;
    va_list args;
    reading->err = err;
    va_start(args, format);
    if (reading->detail != NULL) {
        vsnprintf(reading->detail->text, sizeof reading->detail->text, format, args);
        reading->detail->line = (unsigned)XML_GetCurrentLineNumber(reading->parser);
    }
    va_end(args);
    (void)XML_StopParser(reading->parser, XML_FALSE);
}

// Bytes are read as UTF-8: what says that it is something else would be read wrongly, here and there without a fault.
static void on_declaration(void *user, const XML_Char *version, const XML_Char *encoding, int standalone)
{
    (void)version, (void)standalone;
    if (encoding != NULL && strcasecmp(encoding, "UTF-8") != 0 && strcasecmp(encoding, "US-ASCII") != 0)
        stop(user, AM_INVALID, "encoding %.40s: a submission must be UTF-8", encoding);
}

static void on_doctype(void *user, const XML_Char *name, const XML_Char *system, const XML_Char *public, int subset)
{
    (void)name, (void)system, (void)public, (void)subset;
    stop(user, AM_INVALID, "a document type is not allowed: a submission has none");
}

// A name without OpenRosa's prefix: "orx:instanceID". Another namespace has other names.
static const char *local(const char *name)
{
    return strncmp(name, "orx:", 4) == 0 ? name + 4 : name;
}

// Text between elements is no answer to anything: it would be lost unseen.
static void text_end(struct reading *reading)
{
    size_t at = 0;
    while (at < reading->len && isspace((unsigned char)reading->text[at]))
        at++;
    if (at < reading->len)
        stop(reading, AM_INVALID, "%s: text beside an element", reading->path);
    reading->len = 0;
}

static void version_take(struct reading *reading, const char *version)
{
    if (reading->submission->version[0] == '\0')
        (void)strlcpy(reading->submission->version, version, sizeof reading->submission->version);
}

static void on_start(void *user, const XML_Char *name, const XML_Char **attributes)
{
    struct reading *reading = user;
    size_t len = strlen(reading->path);
    text_end(reading);
    if (++reading->depth > ODK_DEPTH) {
        stop(reading, AM_TOO_LARGE, "deeper than %u elements", ODK_DEPTH);
        return;
    }
    reading->path_at[reading->depth] = len;
    if (reading->depth == 1) {
        for (size_t i = 0; attributes[i] != NULL; i += 2)
            if (strcmp(attributes[i], "version") == 0)
                version_take(reading, attributes[i + 1]);
    } else if (strlcat(reading->path, len > 0 ? "/" : "", sizeof reading->path) >= sizeof reading->path ||
               strlcat(reading->path, local(name), sizeof reading->path) >= sizeof reading->path) {
        stop(reading, AM_TOO_LARGE, "a field's name with its groups is longer than %u bytes", ODK_NAME - 1);
    }
    reading->leaf = true;
}

static void on_text(void *user, const XML_Char *text, int len)
{
    struct reading *reading = user;
    if (reading->len + (size_t)len > ODK_VALUE) {
        stop(reading, AM_TOO_LARGE, "%s: an answer is longer than %u bytes", reading->path, ODK_VALUE);
        return;
    }
    memcpy(reading->text + reading->len, text, (size_t)len);
    reading->len += (size_t)len;
}

// What every submission has and no question of the form asks.
static bool about_itself(const char *name)
{
    return strcmp(name, "start") == 0 || strcmp(name, "end") == 0 || strcmp(name, "today") == 0 ||
           strcmp(name, "deviceid") == 0 || strncmp(name, "meta/", 5) == 0 || strncmp(name, "formhub/", 8) == 0;
}

static void field_take(struct reading *reading, const char *value)
{
    struct odk_submission *submission = reading->submission;
    if (strcmp(reading->path, "__version__") == 0) {
        submission->version[0] = '\0'; // goes before the attribute, which a server may have set
        version_take(reading, value);
    } else if (strcmp(reading->path, "meta/instanceID") == 0) {
        (void)strlcpy(submission->instance, value, sizeof submission->instance);
    } else if (!about_itself(reading->path)) {
        if (submission->n == ODK_FIELDS) {
            stop(reading, AM_TOO_LARGE, "more than %u answers", ODK_FIELDS);
            return;
        }
        struct odk_field *field = &submission->fields[submission->n];
        (void)strlcpy(field->name, reading->path, sizeof field->name);
        field->line = (unsigned)XML_GetCurrentLineNumber(reading->parser);
        field->value = arena_copy(reading->arena, value, strlen(value));
        if (field->value == NULL)
            stop(reading, AM_NOMEM, "out of memory");
        else
            submission->n++;
    }
}

static void on_end(void *user, const XML_Char *name)
{
    struct reading *reading = user;
    (void)name;
    if (reading->err != AM_OK)
        return;
    if (reading->leaf && reading->depth > 1) {
        while (reading->len > 0 && isspace((unsigned char)reading->text[reading->len - 1]))
            reading->len--;
        reading->text[reading->len] = '\0';
        const char *value = reading->text + strspn(reading->text, " \t\r\n");
        if (value[0] != '\0')
            field_take(reading, value);
    } else {
        text_end(reading);
    }
    reading->leaf = false;
    reading->len = 0;
    reading->path[reading->path_at[reading->depth--]] = '\0';
}

enum am_err odk_read(struct am_bytes text, struct arena *arena, struct am_detail *detail,
                     struct odk_submission *ret_submission)
{
    struct reading *reading = calloc(1, sizeof *reading);
    if (reading == NULL)
        return AM_NOMEM;
    *ret_submission = (struct odk_submission){0};
    reading->arena = arena;
    reading->detail = detail;
    reading->submission = ret_submission;
    reading->parser = text.len <= ODK_BYTES ? XML_ParserCreate("UTF-8") : NULL;
    if (reading->parser == NULL) {
        free(reading);
        return text.len > ODK_BYTES ? am_fail(AM_TOO_LARGE, detail, "", "at most %u bytes", ODK_BYTES) : AM_NOMEM;
    }
    XML_SetUserData(reading->parser, reading);
    XML_SetElementHandler(reading->parser, on_start, on_end);
    XML_SetCharacterDataHandler(reading->parser, on_text);
    XML_SetXmlDeclHandler(reading->parser, on_declaration);
    XML_SetStartDoctypeDeclHandler(reading->parser, on_doctype);
    if (XML_Parse(reading->parser, (const char *)text.data, (int)text.len, XML_TRUE) != XML_STATUS_OK)
        stop(reading, AM_INVALID, "this is no XML in UTF-8: %s", XML_ErrorString(XML_GetErrorCode(reading->parser)));
    if (reading->err == AM_OK && ret_submission->n == 0)
        stop(reading, AM_INVALID, "no answer is in it");
    enum am_err err = reading->err;
    XML_ParserFree(reading->parser);
    free(reading);
    return err;
}

// --- The draft
struct drafting {
    json_t *draft, *alert, *person, *victim, *place;
    char notes[6 * ODK_VALUE]; // for the summary: all that may come into it
    char look[4 * ODK_VALUE];  // for the description, the same
    const char *today;
    struct odk_outcome *outcome;
    bool failed;
};

static void put(struct drafting *d, json_t *in, const char *key, json_t *value)
{
    d->failed |= json_object_set_new(in, key, value) != 0;
}

static void push(struct drafting *d, json_t *in, const char *key, json_t *value)
{
    json_t *list = json_object_get(in, key);
    if (list == NULL) {
        list = json_array();
        put(d, in, key, list);
    }
    d->failed |= json_array_append_new(list, value) != 0;
}

static void tell(char *text, size_t size, const char *what, const char *value)
{
    if (text[0] != '\0')
        (void)strlcat(text, " ", size);
    (void)strlcat(text, what, size);
    (void)strlcat(text, value, size);
    (void)strlcat(text, ".", size);
}

// The code whose value in HTCDS this is, of those that share one the last, which is the widest; NULL: none.
static const char *code_of(const ProtobufCEnumDescriptor *type, const char *value)
{
    const char *found = NULL;
    char room[HTCDS_VALUE];
    for (unsigned i = 0; i < type->n_values; i++) {
        const char *theirs = htcds_value(type, type->values[i].value, room);
        if (theirs != NULL && strcmp(theirs, value) == 0)
            found = type->values[i].name;
    }
    return found;
}

// Each returns whether it understood the value.
static bool take_code(struct drafting *d, json_t *in, const char *key, const ProtobufCEnumDescriptor *type,
                      const char *value)
{
    const char *code = code_of(type, value);
    if (code != NULL)
        put(d, in, key, json_string(code));
    return code != NULL;
}

// Several answers of one question come with spaces between them.
static bool take_codes(struct drafting *d, const char *key, const ProtobufCEnumDescriptor *type, const char *value)
{
    char copy[ODK_VALUE + 1], *save;
    bool all = true;
    (void)strlcpy(copy, value, sizeof copy);
    for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
        const char *code = code_of(type, word);
        all &= code != NULL;
        if (code != NULL)
            push(d, d->victim, key, json_string(code));
    }
    return all;
}

static bool take_consent(struct drafting *d, const char *value)
{
    if (strcmp(value, "TRUE") == 0)
        put(d, d->draft, "consent", json_string("GIVEN"));
    d->outcome->no_consent = strcmp(value, "FALSE") == 0;
    return strcmp(value, "TRUE") == 0 || d->outcome->no_consent;
}

static bool take_name(struct drafting *d, const char *type, const char *value)
{
    push(d, d->person, "names", json_pack("{s:s, s:s}", "type", type, "text", value));
    return true;
}

static bool take_birth(struct drafting *d, const char *value)
{
    unsigned year, month, day, now_year, now_month, now_day;
    if (strlen(value) != 10 || !shape_date(value) || strcmp(value, d->today) > 0 ||
        sscanf(value, "%4u-%2u-%2u", &year, &month, &day) != 3 ||
        sscanf(d->today, "%4u-%2u-%2u", &now_year, &now_month, &now_day) != 3)
        return false;
    bool had = now_month > month || (now_month == month && now_day >= day);
    put(d, d->person, "birth", json_pack("{s:s}", "date", value));
    put(d, json_object_get(d->draft, "flags"), "child", json_boolean((int)(now_year - year) - (had ? 0 : 1) < 18));
    return true;
}

// Two letters of ISO 3166-1, as the form lists them.
static bool country_of(const char *value, char ret_country[3])
{
    if (strlen(value) != 2 || !isupper((unsigned char)value[0]) || !isupper((unsigned char)value[1]))
        return false;
    for (unsigned i = 0; i < 2; i++)
        ret_country[i] = (char)tolower((unsigned char)value[i]);
    ret_country[2] = '\0';
    return true;
}

static bool take_citizenship(struct drafting *d, const char *value)
{
    char country[3];
    if (!country_of(value, country))
        return false;
    push(d, d->person, "citizenships", json_string(country));
    return true;
}

static bool take_way(struct drafting *d, const char *type, const char *value)
{
    push(d, d->person, "communications", json_pack("{s:s, s:s}", "type", type, "value", value));
    return true;
}

static bool take_address(struct drafting *d, const char *key, const char *value)
{
    char country[3];
    const char *before = json_string_value(json_object_get(d->place, "text"));
    if (strcmp(key, "city") == 0)
        put(d, d->place, key, json_string(value));
    else if (strcmp(key, "country") == 0 && country_of(value, country))
        put(d, d->place, key, json_string(country));
    else
        put(d, d->place, "text", before != NULL ? json_sprintf("%s, %s", before, value) : json_string(value));
    return true;
}

static bool take_gender(struct drafting *d, const char *value)
{
    static const char *const WORDS[] = {"TransgenderFeminine", "TransgenderMasculine", "NonConforming"};
    static const char *const SEXES[][2] = {
        {"Feminine", "FEMALE"}, {"Masculine", "MALE"}, {"NonSpecifiedUnknown", "NOT_KNOWN"}};
    for (size_t i = 0; i < AM_LEN(SEXES); i++)
        if (strcmp(value, SEXES[i][0]) == 0) {
            put(d, d->person, "sex", json_string(SEXES[i][1]));
            return true;
        }
    for (size_t i = 0; i < AM_LEN(WORDS); i++)
        if (strcmp(value, WORDS[i]) == 0) { // ISO 5218 has no code for it: it stands in words
            tell(d->look, sizeof d->look, "Gender as recorded: ", value);
            return true;
        }
    return false;
}

static bool take_status(struct drafting *d, const char *value)
{
    const ProtobufCEnumDescriptor *type = &amana__v1__victim_context__trafficking_status__descriptor;
    const char *code = code_of(type, value);
    if (code == NULL)
        return false;
    put(d, d->victim, "status", json_string(code));
    if (strcmp(code, "NOT_A_VICTIM") != 0)
        push(d, d->person, "roles", json_string(strcmp(code, "ACTUAL") == 0 ? "VICTIM" : "PRESUMED_VICTIM"));
    return true;
}

// "A_AgricultureForestryAndFishing": ISIC's section is the letter. One has a field, more stand in words.
static bool take_industry(struct drafting *d, const char *value)
{
    char copy[ODK_VALUE + 1], letters[64] = "", *save;
    (void)strlcpy(copy, value, sizeof copy);
    for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
        char section[2] = {word[0], '\0'};
        const char *industry = htcds_industry(section);
        if (industry == NULL || strcmp(word, industry) != 0 || strchr(letters, section[0]) != NULL)
            return false;
        (void)strlcat(letters, letters[0] != '\0' ? "," : "", sizeof letters);
        (void)strlcat(letters, section, sizeof letters);
    }
    if (letters[1] == '\0')
        put(d, d->victim, "industry", json_string(letters));
    else
        tell(d->notes, sizeof d->notes, "Industries (ISIC): ", letters);
    return true;
}

static bool take_site(struct drafting *d, const char *key, const char *value)
{
    put(d, d->victim, key, json_pack("{s:s}", "text", value));
    return true;
}

static bool take_note(struct drafting *d, const char *what, const char *value)
{
    tell(d->notes, sizeof d->notes, what, value);
    return true;
}

static bool take(struct drafting *d, const char *name, const char *value)
{
#define IS(field) (strcmp(name, field) == 0)
    if (IS("con_Consent"))
        return take_consent(d, value);
    if (IS("prs_First_Name"))
        return take_name(d, "GIVEN", value);
    if (IS("prs_Second_Name"))
        return take_name(d, "FAMILY", value);
    if (IS("prs_Birthdate"))
        return take_birth(d, value);
    if (IS("prs_Gender"))
        return take_gender(d, value);
    if (IS("prs_Citizenship"))
        return take_citizenship(d, value);
    if (IS("prs_Salutation") || IS("prs_Title")) {
        tell(d->look, sizeof d->look, IS("prs_Title") ? "Title: " : "Addressed as ", value);
        return true;
    }
    if (IS("prs_Email"))
        return take_way(d, "EMAIL", value);
    if (IS("prs_HomePhone") || IS("prs_MobilePhone"))
        return take_way(d, "TELEPHONE", value);
    if (IS("prs_MailingCity"))
        return take_address(d, "city", value);
    if (IS("prs_MailingCountry"))
        return take_address(d, "country", value);
    if (IS("prs_MailingState") || IS("prs_MailingStreet") || IS("prs_MailingPostalCode"))
        return take_address(d, "text", value);
    if (IS("vic_MethodOfRecruitment"))
        return take_codes(d, "recruitment_methods", &amana__v1__recruitment__method__descriptor, value);
    if (IS("vic_LocationOfRecruitment"))
        return take_site(d, "recruited_at", value);
    if (IS("vic_TraffickingStatus"))
        return take_status(d, value);
    if (IS("vic_TraffickingStatusDecisionMakingOrg"))
        return take_code(d, d->victim, "decided_by", &amana__v1__victim_context__decider__descriptor, value);
    if (IS("vic_Methods_of_Control"))
        return take_codes(d, "control_methods", &amana__v1__control__method__descriptor, value);
    if (IS("vic_TypeOfExploitation"))
        return take_codes(d, "exploitation", &amana__v1__exploitation__form__descriptor, value);
    if (IS("vic_ForcedLabourIndustry"))
        return take_industry(d, value);
    if (IS("vic_TypeOfSexExploitation"))
        return take_codes(d, "sexual", &amana__v1__sexual_exploitation__form__descriptor, value);
    if (IS("vic_LocationOfExploitation"))
        return take_site(d, "exploited_at", value);
    if (IS("cas_Status"))
        return (strcmp(value, "Active") == 0 || strcmp(value, "FollowUp") == 0 || strcmp(value, "Closed") == 0 ||
                strcmp(value, "ClosedReferred") == 0) &&
               take_note(d, "Case status: ", value);
    if (IS("cas_ReferringOrganisation"))
        return take_note(d, "Referred by ", value);
    if (IS("cas_IncomingReferralDate"))
        return take_note(d, "Referred on ", value);
    if (IS("cas_ReasonForIncomingReferral"))
        return take_note(d, "Reason: ", value);
    if (IS("cas_IncomingReferralDetails"))
        return take_note(d, "", value);
    if (IS("cas_ReferringPrimaryCaseWorker")) {
        d->outcome->left_out = true;
        return true;
    }
#undef IS
    return false;
}

static void begin(struct drafting *d, const char *agency)
{
    d->draft = json_pack("{s:s, s:s, s:o, s:[{s:s, s:s}], s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:{s:b}}", "kind",
                         "ALERT", "status", "ACTUAL", "case_ref", json_sprintf("%s/%.4s/", agency, d->today),
                         "recipients", "unit", "", "part", "ACTION", "subject_kind", "PERSON", "urgency", "U3",
                         "source_eval", "X", "info_eval", "I4", "classification", "RESTRICTED", "purpose",
                         "INVESTIGATION", "language", "en", "release", "REQUIRED", "flags", "child", 1);
    d->alert = json_object();
    d->person = json_object();
    d->victim = json_object();
    d->place = json_object();
}

static void put_if_any(struct drafting *d, json_t *in, const char *key, json_t *value)
{
    if (json_object_size(value) > 0)
        put(d, in, key, value);
    else
        json_decref(value);
}

static void finish(struct drafting *d)
{
    if (json_object_get(d->person, "birth") == NULL)
        put(d, d->person, "age", json_pack("{s:b}", "unknown", 1));
    d->outcome->undecided = json_object_get(d->person, "roles") == NULL;
    if (d->look[0] != '\0')
        put(d, d->person, "description", json_string(d->look));
    put_if_any(d, d->person, "whereabouts", d->place);
    put_if_any(d, d->person, "victim", d->victim);
    put(d, d->alert, "title", json_string(""));
    put(d, d->alert, "summary", json_string(d->notes));
    put(d, d->alert, "actions", json_array());
    put(d, d->alert, "persons", json_pack("[o]", d->person));
    put(d, d->draft, "alert", d->alert);
}

// Another answer to the same question: whose, and which holds, isn't said.
static bool comes_again(const struct odk_submission *submission, size_t field)
{
    for (size_t i = 0; i < submission->n; i++)
        if (i != field && strcmp(submission->fields[i].name, submission->fields[field].name) == 0)
            return true;
    return false;
}

json_t *odk_draft(const struct odk_submission *submission, const char *agency, const char *today,
                  struct odk_outcome *ret_outcome)
{
    struct drafting *d = calloc(1, sizeof *d);
    *ret_outcome = (struct odk_outcome){0};
    if (d == NULL)
        return NULL;
    d->today = today;
    d->outcome = ret_outcome;
    begin(d, agency);
    d->failed = d->draft == NULL || d->alert == NULL || d->person == NULL || d->victim == NULL || d->place == NULL;
    for (size_t i = 0; !d->failed && i < submission->n; i++)
        if (comes_again(submission, i) || !take(d, submission->fields[i].name, submission->fields[i].value))
            ret_outcome->unknown[ret_outcome->n_unknown++] = &submission->fields[i];
    json_t *draft = d->draft;
    if (!d->failed)
        finish(d);
    if (d->failed) {
        json_decref(draft);
        draft = NULL;
    }
    free(d);
    return draft;
}

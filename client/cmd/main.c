// SPDX-License-Identifier: Apache-2.0
// amana: what a unit, an auditor or an administrator runs. Finds the verb in one table, which also makes the help.
#include "certs/output.h"
#include "client/cmd/command.h"
#include "client/cmd/wipe.h"
#include "proto/codec/nearest.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define VERB_WORDS 3 // of the longest name

static const struct verb VERBS[] = {
    {"Looking", "inbox", "fetch and list what has come", "amana inbox --follow", verb_inbox},
    {NULL, "show", "show one message; what to do comes first", "amana show 0193a", verb_show},
    {NULL, "sent", "list what was sent and what waits", "amana sent", verb_sent},
    {NULL, "status", "the link and this desk; or each recipient of a message", "amana status 0193a", verb_status},
    {NULL, "case", "a case as one timeline with its clocks", "amana case ke/dci/2026/004211", verb_case},
    {NULL, "search", "find words in what was sent and received", "amana search lorry Marsabit", verb_search},
    {NULL, "units", "whom this unit may write to, and how they are reached", "amana units et/", verb_units},
    {NULL, "receipt", "print the log's receipt of a message", "amana receipt 0193a --tlog-proof > 0193a.tlog-proof",
     verb_receipt},
    {"Beginning", "new", "write a template: alert, request, referral, note", "amana new alert > alert.json", verb_new},
    {NULL, "send", "check, seal, sign and send what a file says", "amana send alert.json", verb_send},
    {NULL, "mend", "write what was refused or sent back as a draft again", "amana mend 0193a > mended.json", verb_mend},
    {NULL, "drop", "take a message out of the outbox", "amana drop 0193a", verb_drop},
    {NULL, "import", "a draft from a submission of the HTCDS form, or an export",
     "amana import submission.xml > alert.json", verb_import},
    {"An alert", "hit", "say that what an alert looks for was found",
     "amana hit 0193a --summary 'stopped' --certainty CERTAIN --place 'barrier' --found-at 2026-11-24T17:20:00+03:00 "
     "--done STOP_AND_SEARCH",
     verb_answer},
    {NULL, "cannot", "say that what an alert asks for can't be done here",
     "amana cannot 0193a --outcome RESOURCES --explanation 'no patrol before dawn'", verb_answer},
    {NULL, "update", "send the whole alert anew", "amana update 0193a alert.json", verb_answer},
    {NULL, "cancel", "end an alert", "amana cancel 0193a --outcome RESOLVED --reason 'found by the post'", verb_answer},
    {"A request", "progress", "say where a request or a referral stands",
     "amana progress 0193a --text 'the register is searched'", verb_answer},
    {NULL, "answer", "answer a request",
     "amana answer 0193a --outcome FULL --summary 'registered in Moyale since 2019'", verb_answer},
    {NULL, "refuse", "refuse a request, with the ground",
     "amana refuse 0193a --outcome NO_LEGAL_BASIS --explanation 'no offence here' --provision 'art. 5'", verb_answer},
    {NULL, "clarify", "answer what was asked about a request", "amana clarify 0193a clarification.json", verb_answer},
    {NULL, "withdraw", "take a request or a referral back", "amana withdraw 0193a --reason 'found'", verb_answer},
    {"A referral", "accept", "accept a referral", "amana accept 0193a --contact 'Protection desk Moyale'", verb_answer},
    {NULL, "decline", "decline a referral", "amana decline 0193a --reason 'the shelter is full'", verb_answer},
    {NULL, "close", "end a referral", "amana close 0193a --summary 'in the care of an aunt' --services-given SHELTER",
     verb_answer},
    {"Any message", "ack", "take a message on, by name", "amana ack 0193a --remark 'patrol sent'", verb_answer},
    {NULL, "ask", "ask about a message: a request to its other side",
     "amana ask 0193a --title 'The driver' --information 'his name' --reason 'the alert' --available-because 'he was "
     "stopped before'",
     verb_answer},
    {NULL, "refer", "hand a victim over to protection and services",
     "amana refer 0193a referral.json --to et/mowsa/protection", verb_answer},
    {NULL, "note", "send a note on a message",
     "amana note 0193a --title 'The driver' --text 'was seen in Isiolo on Monday'", verb_answer},
    {NULL, "called", "write a telephone call or a visit down",
     "amana called 0193a --means PHONE --spoken-to 'duty desk' --telephone +251116123456 --summary 'they know'",
     verb_answer},
    {NULL, "permit ask", "ask for a use beyond a message's marking",
     "amana permit ask 0193a --uses IN_COURT --court 'High Court' --reason trial", verb_answer},
    {NULL, "permit grant", "grant what was asked about a marking", "amana permit grant 0193b", verb_answer},
    {NULL, "permit deny", "deny what was asked about a marking",
     "amana permit deny 0193b --reason 'the source would be known'", verb_answer},
    {NULL, "contest", "say that a role or a fact is wrong",
     "amana contest 0193a --reason 'she is a victim' contest.json", verb_answer},
    {NULL, "uphold", "say that a contest is right", "amana uphold 0193b", verb_answer},
    {NULL, "reject", "say that a contest is wrong", "amana reject 0193b --reason 'two witnesses say so'", verb_answer},
    {NULL, "correct", "mend what was sent, at all who have it", "amana correct 0193a correction.json", verb_answer},
    {NULL, "erase", "have the content of a message erased, at all who have it",
     "amana erase 0193a --ground NO_LONGER_NEEDED --reason 'the case is closed'", verb_answer},
    {NULL, "confirm", "say that a correction or an erasure is done here",
     "amana confirm 0193b --outcome DONE --remark 'mended in the book'", verb_answer},
    {NULL, "keep", "say at its day of review why a message is still needed",
     "amana keep 0193a --reason 'the trial is in May' --review 2027-06-01T00:00:00Z", verb_keep},
    {NULL, "hold", "keep a message for a court until a date",
     "amana hold 0193a --court 'Marsabit Law Courts' --order 88/2026 --date 2026-11-27 --scope all --valid-until "
     "2027-11-27T00:00:00Z",
     verb_answer},
    {"The second person", "pending", "list what waits for a supervisor of this unit", "amana pending", verb_pending},
    {NULL, "release", "show what waits, and release it as the second person", "amana release 0193a", verb_release},
    {NULL, "send-back", "send what waits back to its author", "amana send-back 0193a --reason FACT_WRONG",
     verb_send_back},
    {"The shift", "assign", "say which officer of this unit has a message in hand", "amana assign 0193a kdci-0418",
     verb_assign},
    {NULL, "hand-over", "hand open messages over at a shift's end",
     "amana hand-over 0193a 0193b --text 'Both wait for Moyale.' --to kdci-0418", verb_hand_over},
    {"A person's rights", "access new", "write a template of a person's request for access",
     "amana access new --to ke/dci/transnational > access.json", verb_access_new},
    {NULL, "access answer", "answer what is held about a person",
     "amana access answer 0193a --outcome NO_DATA --summary none", verb_answer},
    {NULL, "access sheet", "what the person is given, once all have answered", "amana access sheet 0193a > sheet.txt",
     verb_access_sheet},
    {NULL, "access log", "who has read what of one's own country", "amana access log --reason 'monthly review'",
     verb_access_log},
    {"To other programs", "export cap", "an alert as CAP 1.2 XML, public fields alone",
     "amana export cap 0193a > 0193a.xml", verb_export_cap},
    {NULL, "export htcds", "a case in the fields of HTCDS 2.0",
     "amana export htcds ke/dci/2026/004211 --csv > case.csv", verb_export_htcds},
    {NULL, "export statistics", "anonymised counts by the categories of IC-TIP", "amana export statistics --json",
     verb_export_statistics},
    {"Auditors", "audit replay", "replay the log, each entry verified",
     "amana audit replay --reason 'annual review 2026'", verb_audit_replay},
    {NULL, "audit verify", "verify a replay that was kept, without a hub", "amana audit verify replay.jsonl",
     verb_audit_verify},
    {NULL, "audit prove", "each entry of a message as a .tlog-proof file", "amana audit prove 0193a -o proofs",
     verb_audit_prove},
    {"Registrars", "admin member list", "the members of the hub", "amana admin member list", verb_admin_member_list},
    {NULL, "admin member add", "make a unit a member, or change what is said of it",
     "amana admin member add ke/kra/malaba --role unit --language en,sw", verb_admin_member_add},
    {NULL, "admin member remove", "make a unit a member no more", "amana admin member remove ke/kra/malaba",
     verb_admin_member_remove},
    {NULL, "admin member renew", "sign anew what rests on a certificate that ends", "amana admin member renew",
     verb_admin_member_renew},
    {NULL, "admin grant list", "who may send what to whom", "amana admin grant list ke/dci/transnational",
     verb_admin_grant_list},
    {NULL, "admin grant add", "let a unit send kinds of message to others",
     "amana admin grant add ke/kra/malaba --kinds ALERT,UPDATE,CANCEL --to 'ug/*/*'", verb_admin_grant_add},
    {NULL, "admin grant remove", "take a grant away", "amana admin grant remove ke/kra/malaba 1",
     verb_admin_grant_remove},
    {NULL, "admin roster list", "the newest roster of each member, verified",
     "amana admin roster list ke/dci/transnational", verb_admin_roster_list},
    {NULL, "admin roster add", "give the hub a roster", "amana admin roster add rosters/ke.kra.malaba.roster",
     verb_admin_roster_add},
    {NULL, "admin roster remove", "take a unit's roster out of force", "amana admin roster remove ke/kra/malaba",
     verb_admin_roster_remove},
    {NULL, "admin roster renew", "sign anew rosters that rest on a certificate that ends",
     "amana admin roster renew -o rosters", verb_admin_roster_renew},
    {NULL, "admin policy try", "what would become of a message, and by which rule",
     "amana admin policy try --as ke/dci/transnational --kind ALERT --to et/ics/moyale", verb_admin_policy_try},
    {"Setting up", "init", "make keys, certificate requests and the configuration",
     "amana init --unit ke/dci/transnational --device d1 --officer kdci-0417 --hub igad/hub --address "
     "hub.example:7600",
     verb_init},
    {NULL, "completion", "print what completes verbs and options in a shell",
     "amana completion bash > ~/.local/share/bash-completion/completions/amana", verb_completion},
};

const struct verb *verbs_all(size_t *ret_count)
{
    *ret_count = AM_LEN(VERBS);
    return VERBS;
}

void verbs_next(const char *before, const char *between, char ret_words[VERB_NEXT])
{
    size_t len = strlen(before);
    char last[64] = "";
    ret_words[0] = '\0';
    for (size_t i = 0; i < AM_LEN(VERBS); i++) {
        const char *rest = VERBS[i].name;
        char word[64];
        if (len > 0 && (strncmp(rest, before, len) != 0 || rest[len] != ' '))
            continue;
        rest += len > 0 ? len + 1 : 0;
        snprintf(word, sizeof word, "%.*s", (int)strcspn(rest, " "), rest);
        if (strcmp(word, last) == 0) // those of one first word stand together
            continue;
        strlcat(ret_words, ret_words[0] != '\0' ? between : "", VERB_NEXT);
        strlcat(ret_words, word, VERB_NEXT);
        strlcpy(last, word, sizeof last);
    }
}

static void print_verbs(FILE *out)
{
    fprintf(out, "Usage: amana VERB [OPTION...] [ARGUMENT...]\n\n");
    for (size_t i = 0; i < AM_LEN(VERBS); i++) {
        if (VERBS[i].group != NULL)
            fprintf(out, "%s%s\n", i > 0 ? "\n" : "", VERBS[i].group);
        fprintf(out, "  %-19s  %s\n", VERBS[i].name, VERBS[i].summary);
    }
    fprintf(out, "\n`amana help VERB` shows an example first. A unique beginning of an id is enough.\n");
}

// argv[at] is the first word; *ret_words how many words the name has.
static const struct verb *find_verb(int argc, char **argv, int at, int *ret_words)
{
    char name[128];
    for (int words = VERB_WORDS; words >= 1; words--) {
        if (at + words > argc)
            continue;
        name[0] = '\0';
        for (int i = 0; i < words; i++) {
            strlcat(name, i == 0 ? "" : " ", sizeof name);
            strlcat(name, argv[at + i], sizeof name);
        }
        for (size_t i = 0; i < AM_LEN(VERBS); i++) {
            if (strcmp(VERBS[i].name, name) == 0) {
                *ret_words = words;
                return &VERBS[i];
            }
        }
    }
    return NULL;
}

// What people try who don't know a verb's name yet: too far from it to be taken for a slip of the finger.
static const struct {
    const char *word, *verb;
} GUESSES[] = {
    {"acknowledge", "ack"},  {"read", "show"},          {"open", "show"},          {"view", "show"},
    {"list", "inbox"},       {"receive", "inbox"},      {"fetch", "inbox"},        {"outbox", "sent"},
    {"reply", "answer"},     {"respond", "answer"},     {"found", "hit"},          {"stop", "cancel"},
    {"end", "cancel"},       {"approve", "release"},    {"sign", "release"},       {"return", "send-back"},
    {"delete", "erase"},     {"remove", "erase"},       {"find", "search"},        {"write", "new"},
    {"create", "new"},       {"draft", "new"},          {"call", "called"},        {"phone", "called"},
    {"telephone", "called"}, {"handover", "hand-over"}, {"correction", "correct"}, {"question", "ask"},
    {"enquire", "ask"},      {"inquire", "ask"},        {"referral", "refer"},     {"directory", "units"},
    {"history", "case"},
};

static const char *guess(const char *word)
{
    for (size_t i = 0; i < AM_LEN(GUESSES); i++)
        if (strcasecmp(word, GUESSES[i].word) == 0)
            return GUESSES[i].verb;
    return NULL;
}

// Of a verb that has further words those that are there count: "admin grant" wants list, add or remove.
static int unknown(int argc, char **argv, int at)
{
    const char *word = argv[at];
    char further[VERB_NEXT], two[128];
    verbs_next(word, ", ", further);
    snprintf(two, sizeof two, "%.60s %.60s", word, at + 1 < argc ? argv[at + 1] : "");
    if (further[0] != '\0' && at + 1 < argc) {
        char behind[VERB_NEXT];
        verbs_next(two, ", ", behind);
        if (behind[0] != '\0') {
            command_say("\"%s\" needs another word: %s", two, behind);
            return EX_USAGE;
        }
    }
    struct nearest nearest = {.word = word, .len = strlen(word)};
    for (size_t i = 0; i < AM_LEN(VERBS); i++)
        nearest_offer(&nearest, VERBS[i].name);
    if (guess(word) != NULL)
        nearest.best = guess(word);
    if (further[0] != '\0')
        command_say("\"%s\" needs another word: %s", word, further);
    else if (nearest.best != NULL)
        command_say("\"%.40s\" is no verb; did you mean \"%s\"?", word, nearest.best);
    else
        command_say("\"%.40s\" is no verb; `amana help` lists them", word);
    return EX_USAGE;
}

// Runs the verb with what stands before and behind its name as its arguments.
static int run(const struct verb *verb, int argc, char **argv, int at, int words)
{
    char name[64];
    char **args = calloc((size_t)argc + 2, sizeof *args);
    int count = 0;
    if (args == NULL)
        return EX_OSERR;
    snprintf(name, sizeof name, "amana %s", verb->name);
    args[count++] = name;
    for (int i = 1; i < argc; i++)
        if (i < at || i >= at + words)
            args[count++] = argv[i];
    int code = verb->run(count, args);
    free(args);
    return code;
}

static int help(int argc, char **argv)
{
    static char flag[] = "--help";
    int words;
    if (argc < 3 || strcmp(argv[2], "help") == 0) {
        print_verbs(stdout);
        return 0;
    }
    const struct verb *verb = find_verb(argc, argv, 2, &words);
    if (verb == NULL)
        return unknown(argc, argv, 2);
    printf("  %s\n\n", verb->example);
    fflush(stdout);
    char *args[] = {argv[0], flag, NULL};
    return run(verb, 2, args, 0, 0);
}

// Options of every verb may stand before it too. The first word that is neither one of them nor an option's value;
// what is none of them is told, and 0 returned.
static int first_word(int argc, char **argv)
{
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        const char *name = argv[i];
        bool of_argp = strcmp(name, "--help") == 0 || strcmp(name, "-?") == 0 || strcmp(name, "--usage") == 0;
        const struct argp_option *option = command_option(name);
        if (option == NULL && !of_argp) {
            command_say("%.60s: there is no such option before a verb; `amana help VERB` shows those of a verb", name);
            return 0;
        }
        bool apart = name[1] == '-' ? strchr(name, '=') == NULL : name[2] == '\0';
        i += option != NULL && option->arg != NULL && apart;
    }
    return i;
}

static int amana(int argc, char **argv)
{
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "-?") == 0)) {
        print_verbs(stdout);
        return 0;
    }
    if (argc == 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)) {
        printf("amana %s\n", AMANA_VERSION);
        return 0;
    }
    int at = first_word(argc, argv), words;
    if (at == 0)
        return EX_USAGE;
    if (at >= argc) {
        print_verbs(stderr);
        return EX_USAGE;
    }
    if (strcmp(argv[at], "help") == 0)
        return help(argc - at + 1, argv + at - 1);
    const struct verb *verb = find_verb(argc, argv, at, &words);
    return verb == NULL ? unknown(argc, argv, at) : run(verb, argc, argv, at, words);
}

int main(int argc, char **argv)
{
    output_begin("amana");
    wipe_json();
    return amana(argc, argv);
}

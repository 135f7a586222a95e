// SPDX-License-Identifier: Apache-2.0
// amana-ca as a person runs it: a whole set-up, and what each mistake gets. argv[1] is the program.
#include "certs/roster.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define UNIT "ke/dci/transnational"

static const char *program;
static char folder[] = "/tmp/amana-ca-test.XXXXXX";
static char output[8192];

// Runs a shell command in the folder, $CA being the program; its exit code. What it printed is in output.
__attribute__((format(printf, 1, 2))) static int run(const char *format, ...)
{
    char command[2048], line[3072];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    snprintf(line, sizeof line, "cd %s && export CA='%s' && { %s; } 2>&1", folder, program, command);
    FILE *pipe = popen(line, "r");
    assert_non_null(pipe);
    size_t len = fread(output, 1, sizeof output - 1, pipe);
    output[len] = '\0';
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#define EXPECT(code, words, ...)                                                                                       \
    do {                                                                                                               \
        int code_ = run(__VA_ARGS__);                                                                                  \
        if (code_ != (code) || strstr(output, words) == NULL)                                                          \
            fail_msg("exit %d, printed: %s", code_, output);                                                           \
    } while (0)

static const char *path(const char *name)
{
    static char buffer[256];
    snprintf(buffer, sizeof buffer, "%s/%s", folder, name);
    return buffer;
}

static uint64_t now(void)
{
    return (uint64_t)time(NULL) * NS_PER_S;
}

static struct trust *load_trust(void)
{
    struct trust *trust = NULL;
    struct am_detail detail = {0};
    assert_int_equal(run("rm -rf trust; mkdir -p trust/crls && cp root/root.pem trust/roots.pem && "
                         "cat igad/units.pem igad/hubs.pem ke/units.pem ke/hubs.pem > trust/cas.pem && "
                         "for c in root igad ke; do for f in $c/*.crl; do cp $f trust/crls/$c-${f##*/}; done; done; "
                         "for c in igad ke; do printf 'country \"%%s\" {\\n units-ca = \"%%s\"\\n hubs-ca = \"%%s\"\\n"
                         "registrars = {\"%%s\"}\\n}\\n' $c $($CA show --digest $c/units.pem) "
                         "$($CA show --digest $c/hubs.pem) $($CA show --digest r/r-1.pem); done > trust/trust.conf"),
                     0);
    if (trust_load(path("trust"), NULL, &detail, &trust) != AM_OK)
        fail_msg("%s:%u: %s", detail.field, detail.line, detail.text);
    return trust;
}

static void a_whole_set_up_is_taken_by_hubs_and_clients(void **state)
{
    static const char *const uses[] = {"auth", "seal", "sign"};
    struct am_detail detail = {0};
    struct roster *roster = NULL;
    struct trust *trust = load_trust();
    for (unsigned i = 0; i < AM_LEN(uses); i++) {
        char name[64];
        enum cert_use use;
        STACK_OF(X509) *stack;
        snprintf(name, sizeof name, "u/d1-%s.pem", uses[i]);
        assert_int_equal(cert_use_parse(uses[i], &use), AM_OK);
        assert_int_equal(certs_read_pem(path(name), &detail, &stack), AM_OK);
        if (certs_check(trust, sk_X509_value(stack, 0), use, now(), &detail, NULL) != AM_OK)
            fail_msg("%s: %s", name, detail.text);
        certs_free_pem(stack);
    }
    EXPECT(0, "roster 1 of " UNIT ": 1 device, 1 officer",
           "$CA roster -o . -r r/r-1.pem -k r/r-1.key -s amana://" UNIT "/officer/o1 u/*.pem");
    if (roster_load(path("ke.dci.transnational.roster"), trust, now(), &detail, &roster) != AM_OK)
        fail_msg("%s: %s", detail.field, detail.text);
    assert_true(roster->officers[0].supervisor);
    struct roster *second = NULL;
    EXPECT(0, "roster 2 of", "$CA roster -o . -r r/r-1.pem -k r/r-1.key u/*.pem");
    assert_int_equal(roster_load(path("ke.dci.transnational.roster"), trust, now(), &detail, &second), AM_OK);
    assert_int_equal(roster_follows(roster, second, &detail), AM_OK);
    assert_false(second->officers[0].supervisor);
    roster_unref(roster);
    roster_unref(second);
    trust_unref(trust);
}

static void stock_openssl_reads_what_we_make(void **state)
{
    EXPECT(
        0, "u/d1-auth.pem: OK",
        "openssl verify -x509_strict -crl_check_all -purpose sslclient -CAfile root/root.pem -untrusted ke/units.pem "
        "-CRLfile root/root.crl -CRLfile ke/units.crl u/d1-auth.pem");
    EXPECT(
        0, "hub/server.pem: OK",
        "openssl verify -x509_strict -crl_check_all -purpose sslserver -verify_hostname hub.igad.amana.example "
        "-CAfile root/root.pem -untrusted igad/hubs.pem -CRLfile root/root.crl -CRLfile igad/hubs.crl hub/server.pem");
    EXPECT(0, "private key OK", "openssl pkey -in u/d1-auth.key -check -noout && echo private key OK");
    EXPECT(0, "=Valid (V)",
           "printf '[ca]\\ndefault_ca=x\\n[x]\\ndatabase=ke/units.index\\n' > c.cnf && "
           "openssl ca -config c.cnf -status $(head -1 ke/units.index | cut -f4); true");
}

static void a_country_s_oversight_is_issued_and_named_in_trust_conf(void **state)
{
    struct am_detail detail = {0};
    struct trust *trust = load_trust(), *named = NULL;
    EXPECT(0, "oversight  amana://ke/oversight",
           "$CA request -u oversight amana://ke/oversight -o ke-oversight && $CA issue -d ke ke-oversight.csr");
    EXPECT(0, "Key Agreement", "openssl x509 -in ke-oversight.pem -noout -text");
    EXPECT(0, "prime256v1", "openssl pkey -in ke-oversight.key -noout -text");
    EXPECT(77, "is not of the country or DNS tree",
           "$CA request -u oversight amana://et/oversight -o w4 && "
           "$CA issue -d ke w4.csr");
    EXPECT(0, "",
           "cp ke-oversight.pem trust/oversight.pem && sed -i \"/^country .ke/a\\  oversight = "
           "\\\"$($CA show --digest ke-oversight.pem)\\\"\" trust/trust.conf");
    if (trust_load(path("trust"), trust, &detail, &named) != AM_OK)
        fail_msg("%s:%u: %s", detail.field, detail.line, detail.text);
    assert_non_null(trust_oversight(named, "ke"));
    assert_null(trust_oversight(named, "igad"));
    assert_int_equal(certs_check(named, trust_oversight(named, "ke")->x509, CERT_USE_OVERSIGHT, now(), &detail, NULL),
                     AM_OK);
    trust_unref(trust);
    trust_unref(named);
}

static void a_name_outside_the_authoritys_country_is_not_issued(void **state)
{
    EXPECT(0, "",
           "$CA request -u auth amana://et/ics/moyale/device/d1 -o w1 && "
           "$CA request -u hub hub.et.amana.example -o w2 && $CA request -u auth amana://ke/hub -o w3");
    EXPECT(77, "is not of the country or DNS tree", "$CA issue -d ke w1.csr");
    EXPECT(77, "is not of the country or DNS tree", "$CA issue -d ke w2.csr");
    EXPECT(0, "amana://ke/hub", "$CA issue -d ke w3.csr");
    EXPECT(2, "", "ls w1.pem");
}

static void what_is_there_is_not_written_over(void **state)
{
    EXPECT(73, "is there already; --replace", "$CA issue -d ke u/d1-auth.csr");
    EXPECT(0, "auth",
           "mkdir -p other && $CA issue -d ke -o other u/d1-auth.csr && "
           "$CA issue -d ke -o other --replace u/d1-auth.csr");
    EXPECT(73, "never replaced", "$CA request -u auth amana://" UNIT "/device/d1 -o u/d1-auth");
    EXPECT(73, "holds authorities already", "$CA national -d ke --root root ke ke.amana.example");
    EXPECT(73, "never replaced", "$CA root -d root");
}

static void each_mistake_says_what_is_allowed(void **state)
{
    EXPECT(64, "Usage:", "$CA");
    EXPECT(64, "is no verb", "$CA reckless");
    EXPECT(64, "needs --use", "$CA request");
    EXPECT(64, "from 1 to 730", "$CA issue -d ke --days 0 u/d1-auth.csr");
    EXPECT(65, "one of auth, seal, sign, officer, hub, oversight", "$CA request -u mail amana://ke/hub -o x");
    EXPECT(65, "a-z, 0-9 and -", "$CA request -u auth amana://KE/hub -o x");
    EXPECT(65, "which has no \"seal\" certificate", "$CA request -u seal amana://ke/hub -o x");
    EXPECT(65, "which has no \"oversight\" certificate", "$CA request -u oversight amana://ke/hub -o x");
    EXPECT(65, "no country", "$CA national -d x --root root KE ke.amana.example");
    EXPECT(65, "no DNS name", "$CA national -d x --root root ke example");
    EXPECT(65, "90 days at most", "$CA issue -d ke --days 91 --replace u/d1-seal.csr");
    EXPECT(65, "not a request", "$CA issue -d ke u/d1-auth.pem");
    EXPECT(65, "48 hours at most", "$CA crl -d ke --hours 49");
    EXPECT(66, "can't be opened", "$CA issue -d nowhere u/d1-auth.csr");
    EXPECT(66, "none.csr: can't be opened", "$CA issue -d ke none.csr");
    EXPECT(66, "holds no authority", "mkdir -p empty && $CA crl -d empty");
    EXPECT(65, "neither a roster", "echo x > x.txt && $CA show x.txt");
    EXPECT(1, "", "ls x.key x.csr 2>/dev/null | grep x");
}

static void a_request_that_was_altered_is_not_granted(void **state)
{
    // Its last byte is the next one: another whatever it was.
    EXPECT(
        65, "signed with its own key",
        "openssl req -in u/d1-auth.csr -outform DER -out a.der && tail -c 1 a.der | "
        "LC_ALL=C tr '\\000-\\377' '\\001-\\377\\000' | dd of=a.der bs=1 conv=notrunc "
        "seek=$(($(stat -c %%s a.der) - 1)) 2>/dev/null && openssl req -inform DER -in a.der -out a.csr 2>/dev/null; "
        "$CA issue -d ke a.csr");
    EXPECT(65, "can't be granted",
           "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout b.key -out b.csr -subj /O=x "
           "-addext subjectAltName=URI:amana://ke/dci/transnational/device/d9 2>/dev/null; $CA issue -d ke b.csr");
    EXPECT(
        65, "must be on P-256",
        "openssl req -new -newkey rsa:2048 -nodes -keyout b.key -out b.csr -subj /O=x -addext "
        "subjectAltName=URI:amana://ke/dci/transnational/device/d9 -addext keyUsage=critical,digitalSignature -addext "
        "extendedKeyUsage=clientAuth 2>/dev/null; $CA issue -d ke b.csr");
}

static void a_roster_needs_whole_devices_of_one_unit_and_its_registrar(void **state)
{
    EXPECT(65, "\"sign\" certificate is missing", "$CA roster -r r/r-1.pem -k r/r-1.key u/d1-auth.pem u/d1-seal.pem");
    EXPECT(65, "a roster is of one unit", "$CA roster -r r/r-1.pem -k r/r-1.key u/*.pem r/r-1.pem");
    EXPECT(77, "an officer's certificate of \"ke\" is needed", "$CA roster -r u/d1-sign.pem -k u/d1-sign.key u/*.pem");
    EXPECT(66, "no certificate of this officer",
           "$CA roster -r r/r-1.pem -k r/r-1.key -s amana://" UNIT "/officer/o9 u/*.pem");
    EXPECT(73, "given twice", "$CA roster -r r/r-1.pem -k r/r-1.key u/*.pem u/o1.pem");
    EXPECT(73, "a second \"auth\"", "$CA roster -r r/r-1.pem -k r/r-1.key u/*.pem u/d1-auth.pem");
    EXPECT(65, "is not the certificate's", "$CA roster -r r/r-1.pem -k u/o1.key u/*.pem");
    EXPECT(65, "stands on no roster", "$CA roster -r r/r-1.pem -k r/r-1.key hub/server.pem");
}

static void a_revoked_certificate_is_in_the_next_list(void **state)
{
    struct am_detail detail = {0};
    STACK_OF(X509) *stack;
    EXPECT(0, "", "mkdir -p v && $CA request -u auth amana://" UNIT "/device/d7 -o v/d7 && $CA issue -d ke v/d7.csr");
    EXPECT(64, "must be one of", "$CA revoke -d ke --reason bored v/d7.pem");
    EXPECT(66, "was not issued by an authority", "$CA revoke -d ke hub/server.pem");
    EXPECT(0, "ke/units.crl", "$CA revoke -d ke --reason keyCompromise v/d7.pem");
    EXPECT(0, "Key Compromise", "openssl crl -in ke/units.crl -noout -text");
    EXPECT(0, "ke/units.crl", "$CA revoke -d ke v/d7.pem"); // again: the list anew, the row as it was
    EXPECT(0, "keyCompromise", "grep -c ^R ke/units.index && grep keyCompromise ke/units.index");
    struct trust *trust = load_trust();
    assert_int_equal(certs_read_pem(path("v/d7.pem"), &detail, &stack), AM_OK);
    assert_int_equal(certs_check(trust, sk_X509_value(stack, 0), CERT_USE_AUTH, now(), &detail, NULL), AM_REVOKED);
    certs_free_pem(stack);
    trust_unref(trust);
    EXPECT(0, "number 4", "$CA crl -d ke && $CA show ke/units.crl");
}

static void a_damaged_index_or_list_stops_before_anything_is_lost(void **state)
{
    EXPECT(65, ":2: this line is not one of",
           "cp -r ke bad && sed -i '2s/.*/nonsense/' bad/units.index && "
           "$CA crl -d bad");
    EXPECT(65, "its number isn't known", "cp ke/units.index bad/ && echo x > bad/units.crl && $CA crl -d bad");
    EXPECT(0, "", "rm -r bad");
}

static void what_files_and_arguments_say_is_shown_as_plain_text(void **state)
{
    static const char right_to_left[] = "\342\200\256";
    EXPECT(
        0, "subject",
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -utf8 -keyout plain.key -out plain.pem "
        "-subj \"/CN=a$(printf '\\342\\200\\256')b\" 2>/dev/null && $CA show plain.pem");
    assert_null(strstr(output, right_to_left));
    EXPECT(66, "amana-ca: ", "$CA show \"a$(printf '\\342\\200\\256')b\"");
    assert_null(strstr(output, right_to_left));
}

static void one_amana_ca_at_a_time_works_in_a_folder(void **state)
{
    int fd = open(path("ke/.lock"), O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    EXPECT(75, "another amana-ca is at work", "$CA crl -d ke");
    close(fd);
    EXPECT(0, "", "$CA crl -d ke");
}

static void keys_under_a_passphrase_need_it(void **state)
{
    EXPECT(0, "under a passphrase", "echo secret | $CA root -d locked -p 0 && $CA show locked/root.key");
    EXPECT(77, "no passphrase was given", "$CA crl -d locked");
    EXPECT(65, "doesn't open this key", "echo wrong | $CA crl -d locked -p 0");
    EXPECT(0, "locked/root.crl", "echo secret | $CA crl -d locked -p 0");
    EXPECT(0, "so/hubs.crl",
           "echo secret | $CA national -d so --root locked -p 0 so so.amana.example && "
           "echo secret | $CA crl -d so -p 0");
}

static void show_says_in_words_what_a_file_holds(void **state)
{
    EXPECT(0, "certificate of an authority", "$CA show ke/units.pem");
    EXPECT(0, "only for     DNS names under ke.amana.example", "$CA show ke/hubs.pem");
    EXPECT(0, "certificate \"seal\" of amana://" UNIT "/device/d1", "$CA show u/d1-seal.pem");
    EXPECT(0, "certificate \"hub\" of hub.igad.amana.example", "$CA show hub/server.pem");
    EXPECT(0, "request for a certificate \"officer\" of amana://" UNIT "/officer/o1", "$CA show u/o1.csr");
    EXPECT(0, "without a passphrase", "$CA show u/o1.key");
    EXPECT(0, "signed by    amana://ke/registry/desk/officer/r-1", "$CA show ke.dci.transnational.roster");
    EXPECT(0, "same",
           "[ $($CA show -D ke/units.pem) = $(openssl x509 -in ke/units.pem -outform DER | sha256sum | "
           "cut -d' ' -f1) ] && echo same");
}

static int set_up(void **state)
{
    if (mkdtemp(folder) == NULL)
        return 1;
    return run("$CA root -d root && $CA national -d igad --root root igad igad.amana.example && "
               "$CA national -d ke --root root ke ke.amana.example && mkdir hub r u && "
               "$CA request -u hub hub.igad.amana.example -o hub/server && $CA issue -d igad hub/server.csr && "
               "$CA request -u officer amana://ke/registry/desk/officer/r-1 -o r/r-1 && $CA issue -d ke r/r-1.csr && "
               "for x in auth seal sign; do $CA request -u $x amana://" UNIT "/device/d1 -o u/d1-$x; done && "
               "$CA request -u officer amana://" UNIT "/officer/o1 -o u/o1 && $CA issue -d ke u/*.csr");
}

static int tear_down(void **state)
{
    return run("rm -rf %s", folder);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_set_up_is_taken_by_hubs_and_clients),
        cmocka_unit_test(stock_openssl_reads_what_we_make),
        cmocka_unit_test(a_country_s_oversight_is_issued_and_named_in_trust_conf),
        cmocka_unit_test(a_name_outside_the_authoritys_country_is_not_issued),
        cmocka_unit_test(what_is_there_is_not_written_over),
        cmocka_unit_test(each_mistake_says_what_is_allowed),
        cmocka_unit_test(a_request_that_was_altered_is_not_granted),
        cmocka_unit_test(a_roster_needs_whole_devices_of_one_unit_and_its_registrar),
        cmocka_unit_test(a_revoked_certificate_is_in_the_next_list),
        cmocka_unit_test(a_damaged_index_or_list_stops_before_anything_is_lost),
        cmocka_unit_test(what_files_and_arguments_say_is_shown_as_plain_text),
        cmocka_unit_test(one_amana_ca_at_a_time_works_in_a_folder),
        cmocka_unit_test(keys_under_a_passphrase_need_it),
        cmocka_unit_test(show_says_in_words_what_a_file_holds),
    };
    if (argc < 2) {
        fprintf(stderr, "usage: test_ca PATH-OF-AMANA-CA\n");
        return 64;
    }
    char *resolved = realpath(argv[1], NULL);
    program = resolved;
    int result = program == NULL ? 1 : cmocka_run_group_tests(tests, set_up, tear_down);
    free(resolved);
    return result;
}

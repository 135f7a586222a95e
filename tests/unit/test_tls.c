// SPDX-License-Identifier: Apache-2.0
// TLS between a device and a hub: who they are to each other, tickets, and what a peer may do to the connection.
#include "certs/tls.h"
#include "tests/unit/pki.h"
#include "tests/unit/tls_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

// One byte from server to client: it carries the tickets with it.
static void send_byte(struct pair *pair)
{
    uint8_t byte = 'x';
    size_t len = 0;
    assert_int_equal(tls_io_write(&pair->server, &byte, 1, &len), TLS_DONE);
    assert_int_equal(tls_io_read(&pair->client, &byte, 1, &len), TLS_DONE);
    assert_int_equal(len, 1);
}

static void a_device_and_the_hub_know_each_other(void **state)
{
    struct tls_context *server = server_context(), *client = client_context();
    struct pair pair;
    enum tls_result at_server, at_client;
    char buffer[8];
    size_t len;
    pair_init(&pair, server, client);
    tls_context_unref(server); // a connection keeps its context
    tls_context_unref(client);
    shake(&pair, &at_server, &at_client);
    assert_int_equal(at_client, TLS_DONE);
    assert_int_equal(at_server, TLS_DONE);
    assert_string_equal(pair.server.peer.uri, DEVICE);
    assert_string_equal(SSL_get_version(pair.server.ssl), "TLSv1.3");
    assert_int_equal(tls_io_refusal(&pair.server, NULL), AM_OK);
    assert_int_equal(tls_io_write(&pair.client, "hello", 5, &len), TLS_DONE);
    assert_int_equal(tls_io_read(&pair.server, buffer, 2, &len), TLS_DONE);
    assert_int_equal(tls_io_pending(&pair.server), 3);
    assert_int_equal(tls_io_read(&pair.server, buffer, sizeof buffer, &len), TLS_DONE);
    assert_int_equal(len, 3);
    assert_int_equal(tls_io_read(&pair.server, buffer, sizeof buffer, &len), TLS_WANT_READ);
    assert_int_equal(tls_io_shutdown(&pair.client), TLS_DONE);
    assert_int_equal(tls_io_read(&pair.server, buffer, sizeof buffer, &len), TLS_CLOSED);
    pair_clear(&pair);
}

static void the_rosters_own_certificate_takes_the_place_of_the_chain(void **state)
{
    struct tls_context *server = server_context(), *client = client_context();
    struct pair pair;
    enum tls_result at_server, at_client;
    admission.cached = device;
    pair_init(&pair, server, client);
    shake(&pair, &at_server, &at_client);
    assert_int_equal(at_server, TLS_DONE);
    assert_ptr_equal(SSL_get0_peer_certificate(pair.server.ssl), device);
    assert_true(SSL_get_peer_cert_chain(pair.server.ssl) == NULL ||
                sk_X509_num(SSL_get_peer_cert_chain(pair.server.ssl)) == 0);
    pair_clear(&pair);
    admission.cached = hub; // another one than the peer's: not taken
    pair_init(&pair, server, client);
    shake(&pair, &at_server, &at_client);
    assert_int_equal(at_server, TLS_DONE);
    assert_ptr_not_equal(SSL_get0_peer_certificate(pair.server.ssl), hub);
    pair_clear(&pair);
    admission.cached = NULL;
    tls_context_unref(server);
    tls_context_unref(client);
}

static void a_ticket_resumes_until_the_device_may_not_connect(void **state)
{
    struct tls_context *server = server_context(), *client = client_context();
    enum tls_result at_server, at_client;
    for (unsigned i = 0; i < 3; i++) {
        struct pair pair;
        unsigned asked = admission.asked;
        pair_init(&pair, server, client);
        shake(&pair, &at_server, &at_client);
        assert_int_equal(at_server, TLS_DONE);
        assert_int_equal(at_client, TLS_DONE);
        assert_int_equal(tls_io_resumed(&pair.server), i > 0);
        assert_int_equal(tls_io_resumed(&pair.client), i > 0);
        assert_string_equal(pair.server.peer.uri, DEVICE);
        assert_int_equal(admission.asked, asked + 1);
        send_byte(&pair);
        pair_clear(&pair);
    }
    struct pair pair;
    admission.denies = true;
    pair_init(&pair, server, client);
    shake(&pair, &at_server, &at_client);
    assert_int_equal(at_server, TLS_FAILED);
    assert_int_equal(tls_io_refusal(&pair.server, NULL), AM_DENIED);
    admission.denies = false;
    pair_clear(&pair);
    tls_context_unref(server);
    tls_context_unref(client);
}

static void a_client_whose_hub_expired_does_not_resume_either(void **state)
{
    struct tls_context *server = server_context(), *client = client_context();
    enum tls_result at_server, at_client;
    struct pair pair;
    pair_init(&pair, server, client);
    shake(&pair, &at_server, &at_client);
    send_byte(&pair);
    pair_clear(&pair);
    now_ns += 3ull * PKI_DAY * NS_PER_S; // past the CRLs: for both, but the server is asked in the same turn
    pair_init(&pair, server, client);
    shake(&pair, &at_server, &at_client);
    assert_int_equal(at_client, TLS_FAILED);
    assert_int_equal(tls_io_refusal(&pair.client, NULL), AM_EXPIRED);
    now_ns = PKI_NOW_NS;
    pair_clear(&pair);
    tls_context_unref(server);
    tls_context_unref(client);
}

static void a_context_says_what_is_wrong_with_its_files(void **state)
{
    struct am_detail detail = {0};
    struct tls_context *context = NULL;
    struct tls_server_config config = {.certificate_file = pki_path(&pki, "d1.pem"),
                                       .key_file = pki_path(&pki, "d1.key"),
                                       .hub = HUB,
                                       .trust = trust,
                                       .admission = {admit, NULL}};
    assert_int_equal(tls_server_new(&config, &detail, &context), AM_CERTIFICATE);
    config.certificate_file = pki_path(&pki, "hub.pem");
    assert_int_equal(tls_server_new(&config, &detail, &context), AM_CONFIG); // the key is another certificate's
    config.key_file = pki_path(&pki, "none.key");
    assert_int_equal(tls_server_new(&config, &detail, &context), AM_NOT_FOUND);
    config.hub = "ke/hub";
    assert_int_equal(tls_server_new(&config, &detail, &context), AM_CONFIG);
    struct tls_client_config client = {.certificate_file = pki_path(&pki, "hub.pem"),
                                       .key_file = pki_path(&pki, "hub.key"),
                                       .hub = HUB,
                                       .trust = trust};
    assert_int_equal(tls_client_new(&client, &detail, &context), AM_CERTIFICATE);
    assert_null(context);
}

static void noise_and_a_peer_that_leaves_are_told_apart(void **state)
{
    static const char *const noise[] = {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\x00\x04\x02\xff\xff\xff",
                                        "nonsense!!"};
    for (unsigned i = 0; i <= AM_LEN(noise); i++) {
        struct tls_context *server = server_context();
        struct tls_io io;
        struct am_detail detail = {0};
        int fds[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
        assert_int_equal(tls_io_init(&io, server, fds[0]), AM_OK);
        assert_int_equal(tls_io_handshake(&io), TLS_WANT_READ);
        if (i < AM_LEN(noise))
            assert_true(write(fds[1], noise[i], i == 1 ? 9 : strlen(noise[i])) > 0);
        shutdown(fds[1], SHUT_WR);
        assert_int_equal(tls_io_handshake(&io), TLS_FAILED);
        assert_int_equal(tls_io_refusal(&io, &detail), i < AM_LEN(noise) ? AM_PROTO : AM_UNAVAILABLE);
        assert_string_not_equal(detail.text, "");
        assert_int_equal(tls_io_handshake(&io), TLS_FAILED);
        assert_int_equal(tls_io_drain(&io), TLS_CLOSED);
        tls_io_clear(&io);
        tls_context_unref(server);
        close(fds[0]);
        close(fds[1]);
    }
}

static void change_keys(struct pair *pair, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        assert_int_equal(SSL_key_update(pair->client.ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(pair->client.ssl), 1);
    }
}

static void a_peer_changes_its_keys_a_hundred_times_and_not_once_more(void **state)
{
    struct tls_context *server = server_context(), *client = client_context();
    struct am_detail detail = {0};
    struct pair pair;
    enum tls_result at_server, at_client;
    uint8_t byte = 'x';
    size_t len = 0;
    pair_init(&pair, server, client);
    shake(&pair, &at_server, &at_client);
    send_byte(&pair);
    change_keys(&pair, TLS_KEY_UPDATES);
    assert_int_equal(tls_io_write(&pair.client, &byte, 1, &len), TLS_DONE);
    assert_int_equal(tls_io_read(&pair.server, &byte, 1, &len), TLS_DONE);
    change_keys(&pair, 150);
    assert_int_equal(tls_io_read(&pair.server, &byte, 1, &len), TLS_FAILED);
    assert_int_equal(tls_io_refusal(&pair.server, &detail), AM_PROTO);
    assert_string_equal(detail.text, "the peer changes its keys all the time");
    assert_in_range(pair.server.key_updates, TLS_KEY_UPDATES + 1, TLS_KEY_UPDATES + 2); // no more in this one read
    assert_int_equal(tls_io_read(&pair.server, &byte, 1, &len), TLS_FAILED);
    pair_clear(&pair);
    tls_context_unref(server);
    tls_context_unref(client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_and_the_hub_know_each_other),
        cmocka_unit_test(the_rosters_own_certificate_takes_the_place_of_the_chain),
        cmocka_unit_test(a_ticket_resumes_until_the_device_may_not_connect),
        cmocka_unit_test(a_client_whose_hub_expired_does_not_resume_either),
        cmocka_unit_test(a_context_says_what_is_wrong_with_its_files),
        cmocka_unit_test(noise_and_a_peer_that_leaves_are_told_apart),
        cmocka_unit_test(a_peer_changes_its_keys_a_hundred_times_and_not_once_more),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

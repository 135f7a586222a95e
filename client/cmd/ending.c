// SPDX-License-Identifier: Apache-2.0
// What ends soon, in a line each.
#include "client/cmd/ending.h"

#include "certs/check.h"
#include "certs/clock.h"
#include "client/cmd/command.h"
#include "client/cmd/print.h"
#include "client/session/oversight.h"

bool ending_oversight(const struct session *session)
{
    const struct certificate *oversight = trust_oversight_of(session->trust, session->settings.value[SETTING_UNIT]);
    return oversight != NULL && certs_ends_soon(oversight->x509, clock_utc());
}

static void tell_own(struct session *session, enum cert_use use)
{
    const struct certificate *certificate;
    struct am_detail detail = {0};
    if (session_key(session, use, &detail, &certificate, NULL) != AM_OK ||
        !certs_ends_soon(certificate->x509, clock_utc()))
        return;
    uint64_t ends = certs_not_after(certificate->x509);
    command_say("the certificate \"%s\" of this desk %s %s: have your registrar issue another", cert_use_text(use),
                ends > clock_utc() ? "ends" : "has ended", print_ns(ends));
}

void ending_tell(struct session *session)
{
    static const enum cert_use uses[] = {CERT_USE_AUTH, CERT_USE_SEAL, CERT_USE_SIGN_DEVICE, CERT_USE_SIGN_OFFICER};
    char words[OVERSIGHT_TEXT];
    for (size_t i = 0; i < AM_LEN(uses); i++)
        tell_own(session, uses[i]);
    oversight_words(session, session->settings.value[SETTING_UNIT], words);
    if (oversight_revoked(session, session->settings.value[SETTING_UNIT]))
        command_say("%s", words);
    else if (ending_oversight(session))
        command_say("the certificate of your country's oversight " ENDING_OVERSIGHT);
}

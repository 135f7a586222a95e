// SPDX-License-Identifier: Apache-2.0
// From a draft to a message on its way: what send, ack, update and cancel do alike. One thread.
#pragma once

#include "client/cmd/answer_verbs.h"
#include "client/cmd/command.h"
#include "client/session/compose.h"

struct submission {
    struct compose compose;
    const char *file;               // for errors: the draft's name, NULL where the program made the draft
    struct am_bytes text;           // its JSON, for lines; empty where the program made it
    const struct answer_verb *verb; // whose options said the body; NULL: a draft
    bool connected;                 // a connection was tried already
    bool online;
    bool again; // one that is refused for one of its recipients is not told, and may be sent again without that
    bool goes;  // afterwards: it has gone, or will by itself once there is a link
    // Afterwards, with `again`: what lies in the outbox refused for one of its recipients, and for which; "": nothing.
    char untaken[STORE_ID];
    size_t untaken_at;
};

// Checks, connects, composes, keeps it in the outbox, delivers, and says what became of it and what comes next.
// Returns the exit code: 0 accepted; 65 wrong field; 69 no link (kept, or why not); 77 refused.
int submit(struct command *command, struct submission *submission);

// Of what was refused for one of its recipients: that it stays so, and what can be done. The exit code.
int submit_told(struct command *command, struct submission *submission, const char *id);

// Whether what was put into the outbox still lies there once it was tried. Told why; the exit code, as submit's.
int submit_stays(struct command *command, const char *id, struct arena *arena, bool *ret_stays);

// Whether it lies there refused for one of the draft's recipients, and for which.
bool submit_untaken(const struct command *command, const char *id, const Amana__V1__Draft *draft, struct arena *arena,
                    size_t *ret_recipient);

// Who has to acknowledge and answer by when what was just accepted, and for U1 and U2 how they are reached. Printed.
void submit_told_next(struct command *command, const Amana__V1__Header *header, uint64_t accepted_ns);

// Names the option of the verb that says the field of an error, as " (--telephone)".
void submit_name_option(const struct answer_verb *verb, struct am_detail *detail);

// Tells a wrong field with its line; returns the exit code.
int submit_refuse(const struct submission *submission, enum reason reason, struct am_detail *detail);

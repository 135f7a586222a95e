// SPDX-License-Identifier: Apache-2.0
// The rows of the modelled journal, for its sides alone: model.c writes, model_read.c reads. One thread.
#pragma once

#include "tests/sim/model.h"

// Room in the model's arena; never NULL.
void *model_take(struct model *model, size_t count, size_t size);

// NULL: there is none. The model's own.
struct journal_life *model_life_at(struct model_message *root, const char *recipient);
struct journal_delivery *model_delivery_at(struct model_message *message, const char *recipient);

// The place of a row; as many as there are where it isn't there.
size_t model_mail_index(const struct model_mailbox *box, uint64_t seq, uint8_t urgency);
size_t model_deadline_index(const struct model *model, uint8_t kind, uint64_t subject, uint64_t at);

// model_apart.c: whether a message is withheld from a unit of a state that its case is kept from; of a due deadline of
// CLOCKS the lives that go on apart, of one of APART the messages that may have any.
bool model_withheld(struct model *model, const struct journal_shield *shield, const char *unit,
                    struct model_message *message);
void model_read_apart(struct model *model, struct hub_due *due);
void model_read_apart_messages(struct model *model, const char *case_ref, uint64_t place,
                               struct hub_due_case *ret_case);

// model_asked.c: the life that its recipient has of a root as the originator of that knows it, where it is another; of
// a message that is checked, and of a due deadline of CLOCKS.
bool model_life_asked(struct model *model, const struct model_message *root, struct journal_life *life);
void model_check_asked(struct model *model, struct hub_submission *submission, const struct model_message *root);
void model_read_asked(struct model *model, struct hub_due *due);

// Whether the unit is told of the entry.
bool model_told(const struct model_entry *entry, const char *unit);

// From whom the case is kept; version 0: from nobody.
struct journal_shield model_shield_of(struct model *model, const char *case_ref);

bool model_entry_in_case(const struct model_entry *entry, const char *case_ref);

// Of those but that entry's that were sealed by the same point the first; point: JOURNAL_POINT bytes, or NULL.
const struct model_message *model_by_point(struct model *model, const uint8_t *point, uint64_t but);

// A text of its own for each entry; in the arena.
struct am_bytes model_receipt_of(struct model *model, uint64_t seq);

// Of a message that the model has: a test may release another as a worker would have found it. NULL: of none.
struct model_message *model_released(struct model *model, const struct journal_append *append);

// model_holds.c: whether all that it was decided by is still so.
bool model_holds(struct model *model, const struct journal_append *append);

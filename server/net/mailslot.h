// SPDX-License-Identifier: Apache-2.0
// How other threads hand things to the loop: a locked list and an eventfd that wakes it once for many.
#pragma once

#include "proto/model/error.h"

struct event_base;
struct mailslot;

// `link` sets the item's next pointer and returns what it was: the list lives in the items, putting allocates nothing.
// `take` is called on the loop's thread for each item, in the order they were put; it may free the item.
AM_MUST_USE enum am_err mailslot_new(struct event_base *base, void *(*link)(void *item, void *next),
                                     void (*take)(void *user, void *item), void *user, struct mailslot **ret_slot);

// Hands over what is in it now. Loop's thread.
void mailslot_empty(struct mailslot *slot);

// Hands over what is still in it, then frees it. No thread may put any more. NULL is fine. Loop's thread.
void mailslot_free(struct mailslot *slot);

// Any thread. _quiet doesn't wake the loop: a mailslot_wake must follow.
void mailslot_put(struct mailslot *slot, void *item);
void mailslot_put_quiet(struct mailslot *slot, void *item);
void mailslot_wake(struct mailslot *slot);

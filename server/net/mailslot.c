// SPDX-License-Identifier: Apache-2.0
// How other threads hand things to the loop: a locked list and an eventfd.
#include "server/net/mailslot.h"

#include <event2/event.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mailslot {
    pthread_mutex_t lock;
    void *newest; // last put first: turned round when taken
    bool woken;   // the eventfd is set already
    void *(*link)(void *item, void *next);
    void (*take)(void *user, void *item);
    void *user;
    int fd;
    struct event *event;
};

void mailslot_empty(struct mailslot *slot)
{
    void *item, *turned = NULL;

    pthread_mutex_lock(&slot->lock);
    item = slot->newest;
    slot->newest = NULL;
    slot->woken = false;
    pthread_mutex_unlock(&slot->lock);
    while (item != NULL) {
        void *next = slot->link(item, turned);
        turned = item;
        item = next;
    }
    while (turned != NULL) {
        void *next = slot->link(turned, NULL);
        slot->take(slot->user, turned);
        turned = next;
    }
}

// The eventfd is never read: each write is an edge of its own, and what is put meanwhile makes another one.
static void on_wake(evutil_socket_t fd, short what, void *user)
{
    mailslot_empty(user);
}

enum am_err mailslot_new(struct event_base *base, void *(*link)(void *item, void *next),
                         void (*take)(void *user, void *item), void *user, struct mailslot **ret_slot)
{
    struct mailslot *slot = calloc(1, sizeof *slot);

    if (slot == NULL)
        return AM_NOMEM;
    pthread_mutex_init(&slot->lock, NULL);
    slot->link = link;
    slot->take = take;
    slot->user = user;
    slot->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (slot->fd >= 0)
        slot->event = event_new(base, slot->fd, EV_READ | EV_ET | EV_PERSIST, on_wake, slot);
    if (slot->event == NULL || event_add(slot->event, NULL) != 0) {
        mailslot_free(slot);
        return AM_NOMEM;
    }
    *ret_slot = slot;
    return AM_OK;
}

void mailslot_free(struct mailslot *slot)
{
    if (slot == NULL)
        return;
    mailslot_empty(slot);
    if (slot->event != NULL)
        event_free(slot->event);
    if (slot->fd >= 0)
        close(slot->fd);
    pthread_mutex_destroy(&slot->lock);
    free(slot);
}

void mailslot_put_quiet(struct mailslot *slot, void *item)
{
    pthread_mutex_lock(&slot->lock);
    slot->link(item, slot->newest);
    slot->newest = item;
    pthread_mutex_unlock(&slot->lock);
}

void mailslot_wake(struct mailslot *slot)
{
    uint64_t one = 1;
    bool woken;

    pthread_mutex_lock(&slot->lock);
    woken = slot->woken;
    slot->woken = true;
    pthread_mutex_unlock(&slot->lock);
    if (!woken) {
        ssize_t put = write(slot->fd, &one, sizeof one);
        (void)put; // it fails only after 2^64 of them
    }
}

void mailslot_put(struct mailslot *slot, void *item)
{
    mailslot_put_quiet(slot, item);
    mailslot_wake(slot);
}

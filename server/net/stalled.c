// SPDX-License-Identifier: Apache-2.0
// A batch that is neither written nor signed: its senders wait, and so does whoever reads. Said once, and when it goes
// on.
#include "certs/clock.h"
#include "server/net/internal.h"

#define STALLED_NS (10 * NS_PER_S)

static void stalled_tell(struct net *net, bool stalled)
{
    net->keeper.stalled = stalled;
    health_changed(net);
}

void stalled_tick(struct net *net)
{
    struct store_health health;
    uint64_t now = clock_boot(), before = net->keeper.seen_ns;

    net->keeper.seen_ns = now;
    store_health(net->store, &health);
    if (health.doing == STORE_IDLE || health.batch != net->keeper.batch) {
        if (net->keeper.stalled) {
            report(REPORT_NOTICE, "goes-on", "what=\"the batch that was stuck is written and signed\"");
            stalled_tell(net, false);
        }
        net->keeper.batch = health.batch;
        net->keeper.since_ns = before;
        net->keeper.ticks = 0;
        return;
    }
    // Twice seen: a machine that slept in the middle of a batch has lost no time over it.
    if (net->keeper.stalled || ++net->keeper.ticks < 2 || now - net->keeper.since_ns < STALLED_NS)
        return;
    report(REPORT_ERROR, "stalled", "what=\"%s\" seconds=%llu waiting=%zu do=\"%s\"",
           health.doing == STORE_SIGNING ? "the signer gives no signature" : "the disk finishes no commit",
           (unsigned long long)((now - net->keeper.since_ns) / NS_PER_S), health.queued,
           health.doing == STORE_SIGNING
               ? "look whether the process `amanad: signer` was stopped; a restart of amanad is safe"
               : "look at the disk of the data folder; a restart of amanad is safe");
    stalled_tell(net, true);
}

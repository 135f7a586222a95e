// SPDX-License-Identifier: Apache-2.0
// Places where a test may stop the program dead or make a call fail. Nothing at all unless built with
// -DAMANA_FAILPOINTS, which no release is.
#pragma once

#include <stdbool.h>

#ifdef AMANA_FAILPOINTS
// AMANA_FAILPOINT=name or name:count in the environment: true at the count-th time (1 unless said) that the place of
// that name is passed in this process. Any thread.
bool failpoint_hit(const char *name);
void failpoint_again(void); // counts from 0
// Ends the process with SIGKILL where failpoint_hit.
void failpoint_kill(const char *name);
// Holds the thread where failpoint_hit: opens the FIFO that AMANA_FAILPOINT_FIFO names and goes on once whoever opened
// its other end, and so knows that the place is reached, has closed it.
void failpoint_hold(const char *name);
// From now on this thread's fdatasync fails with EIO where failpoint_hit; NULL: not any more.
void failpoint_sync(const char *name);
#define FAILPOINT(name)       failpoint_kill(name)
#define FAILPOINT_HOLD(name)  failpoint_hold(name)
#define FAILPOINT_SYNC(name)  failpoint_sync(name)
#define FAILPOINT_ERROR(name) failpoint_hit(name)
#else
#define FAILPOINT(name)       ((void)0)
#define FAILPOINT_HOLD(name)  ((void)0)
#define FAILPOINT_SYNC(name)  ((void)0)
#define FAILPOINT_ERROR(name) false
#endif

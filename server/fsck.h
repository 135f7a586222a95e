// SPDX-License-Identifier: Apache-2.0
// `amanad fsck`: every entry of a log against its tree and the signer's record. One thread.
#pragma once

// Prints each fault with its entry's number, and the verdict. Returns the exit code: 0 good, 1 a fault, 66 no log.
int fsck_run(const char *folder);

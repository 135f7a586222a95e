// SPDX-License-Identifier: Apache-2.0
// Memory that held plain text, overwritten when it is given back. Any thread.
#pragma once

// free(), of what malloc, realloc or a library of ours gave. NULL is fine.
void wipe_free(void *memory);

// From here on jansson gives its memory back so. Before its first use.
void wipe_json(void);

// SPDX-License-Identifier: Apache-2.0
// A trust folder on disk and what is loaded of it, for the tests of trust.
#pragma once

#include "certs/check.h"
#include "tests/unit/pki.h"

#define DEVICE   "amana://ke/dci/transnational/device/d1"
#define DAY_NS   (86400 * NS_PER_S)
#define HEX_OF_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

extern struct pki pki; // of the test that runs

struct trust *load(const struct trust *previous);
enum am_err load_err(const struct trust *previous, struct am_detail *detail); // where it is to fail

int set_up(void **state);
int tear_down(void **state);

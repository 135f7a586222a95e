// SPDX-License-Identifier: Apache-2.0
// Revocation lists that the hub has newer than this desk: asked for on every connection, verified by this desk's own
// anchors, kept in its trust folder, and gone by from then on. One thread.
#pragma once

#include "amana/v1/relay.pb-c.h"
#include "client/session/session.h"

// Says in the request which lists are here; in the arena.
AM_MUST_USE enum am_err lists_ask(const struct session *session, struct arena *arena,
                                  Amana__V1__StatusRequest *request);

// Takes what came. What is no list, or none of an issuer that was asked about, or not newer, is an alarm; then, and
// where it can't be kept or remembered, this session goes by what it went by, and session->lists_err and lists_detail
// say it; what is in the folder by then the next one looks at. Only AM_NOMEM ends the connection.
AM_MUST_USE enum am_err lists_take(struct session *session, const Amana__V1__StatusResponse *response);

// SPDX-License-Identifier: Apache-2.0
// What an answer without a status of gRPC means. Pure; any thread.
#pragma once

#include "proto/model/status.h"

// What a client makes of an answer that carries no grpc-status: an HTTP :status (0: none was seen), or an HTTP/2 error
// code of RST_STREAM (gRPC over HTTP/2, "HTTP2 Transport Mapping"; http-grpc-status-mapping).
enum rpc_status rpc_status_from_http(unsigned http_status);
enum rpc_status rpc_status_from_reset(unsigned http2_error);

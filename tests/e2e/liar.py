# SPDX-License-Identifier: Apache-2.0
"""A hub that lies: it has the hub's own certificate, passes every call on to the real hub, and changes what it is told to."""
import concurrent.futures

import grpc

import raw as r
import world as w

CLIENT_ALONE = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))
STREAMS = ("Relay/Receive", "Audit/Replay")


class Liar(grpc.GenericRpcHandler):
    """`lies` maps a method ("Relay/Send") to a function of the answer's message, which gives what is sent in its place:
    a message, a list of them, or None to keep it back. One desk at a time."""

    ANSWERS = {"Relay/Send": ("audit", "ProvedEntry"), "Relay/Receive": ("relay", "Delivery"),
               "Relay/Acknowledge": ("relay", "AcknowledgeResponse"), "Relay/Status": ("relay", "StatusResponse"),
               "Audit/Replay": ("audit", "ReplayItem"), "Audit/Receipt": ("audit", "ProvedEntry"),
               "Audit/ConsistencyProof": ("audit", "ConsistencyProofResponse"),
               "Directory/Lookup": ("directory", "LookupResponse")}

    def __init__(self, world, pb, desk, **lies):
        self.world, self.pb = world, pb
        self.lies = {name.replace("_", "/"): lie for name, lie in lies.items()}
        self.calls = []
        self.instead = {}  # a method's answer, from a function of the request's bytes, in the place of the real hub's
        self.above = r.Raw(world, pb, desk).channel()
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(4), options=CLIENT_ALONE)
        self.server.add_generic_rpc_handlers((self,))
        key, chain = (world.path("hub." + end).read_bytes() for end in ("key", "pem"))
        roots = world.path("trust", "roots.pem").read_bytes() + world.path("trust", "cas.pem").read_bytes()
        credentials = grpc.ssl_server_credentials([(key, chain)], roots, True)
        self.address = f"127.0.0.1:{self.server.add_secure_port('127.0.0.1:0', credentials)}"
        self.server.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.stop(None).wait(w.PATIENCE)
        self.above.close()

    def env(self):
        return {"AMANA_ADDRESS": self.address}

    def service(self, details):
        method = details.method.removeprefix("/amana.v1.")
        handler = grpc.unary_stream_rpc_method_handler if method in STREAMS else grpc.unary_unary_rpc_method_handler
        return handler(lambda request, context: self.answer(method, request, context))

    def answer(self, method, request, context):
        self.calls.append(method)
        try:
            if method in STREAMS:
                return self.stream(method, request, context)
            if method in self.instead:
                return self.instead[method](request)
            return self.lie(method, request, self.above.unary_unary(f"/amana.v1.{method}")(request, timeout=w.PATIENCE))
        except grpc.RpcError as error:
            self.fail(error, context)

    def stream(self, method, request, context):
        above = self.above.unary_stream(f"/amana.v1.{method}")(request)
        context.add_callback(above.cancel)
        try:
            for item in above:
                told = self.lie(method, request, item)
                yield from told if isinstance(told, list) else [told] if told is not None else []
        except grpc.RpcError as error:
            self.fail(error, context)

    def lie(self, method, request, data):
        lie = self.lies.get(method)
        if lie is None:
            return data
        module, name = self.ANSWERS[method]
        answer = lie(getattr(self.pb(module), name).FromString(data))
        if isinstance(answer, list):
            return [one.SerializeToString() for one in answer]
        return None if answer is None else answer.SerializeToString()

    @staticmethod
    def fail(error, context):
        context.set_trailing_metadata([(k, v) for k, v in error.trailing_metadata() or () if k.startswith("grpc-status-d")])
        context.abort(error.code(), error.details())

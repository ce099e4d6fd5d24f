"""A gRPC server whose messages are plain bytes: grpc_server.py PORT. What its methods do is said at each of them."""

import concurrent.futures
import hashlib
import sys
import threading

import grpc

_cancelled = threading.Semaphore(0)


def _unary(request, context):
    """The request. Metadata comes back: `head-*` in front of the answer, `tail-*` behind it."""
    metadata = context.invocation_metadata()
    context.send_initial_metadata([(key, value) for key, value in metadata if key.startswith("head-")])
    context.set_trailing_metadata([(key, value) for key, value in metadata if key.startswith("tail-")])
    return request


def _split(request, _context):
    """"COUNT SIZE": so many messages of this size, each beginning with its number."""
    count, size = map(int, request.split())
    for number in range(count):
        yield number.to_bytes(4, "big").ljust(size, b".")


def _join(requests, _context):
    """The number of messages, and the SHA-256 of all."""
    count, digest = 0, hashlib.sha256()
    for message in requests:
        count += 1
        digest.update(message)
    return f"{count} {digest.hexdigest()}".encode()


def _both(requests, _context):
    """Each message as it comes."""
    yield from requests


def _fail(request, context):
    """"CODE text": that status, and nothing else."""
    code, _, details = request.decode().partition(" ")
    context.abort(grpc.StatusCode[code], details)


def _hang(_request, context):
    """One message, and then nothing until the client gives up."""
    ended = threading.Event()

    def give_up():
        _cancelled.release()
        ended.set()
    if not context.add_callback(give_up):
        give_up()
    yield b"hanging"
    ended.wait()


def _wait_for_cancelled(_request, _context):
    """Answers once one more client of Hang has given up: "yes", or "no" if it takes too long."""
    return b"yes" if _cancelled.acquire(timeout=10) else b"no"


METHODS = {
    "/weir.test.Bytes/Unary": grpc.unary_unary_rpc_method_handler(_unary),
    "/weir.test.Bytes/Split": grpc.unary_stream_rpc_method_handler(_split),
    "/weir.test.Bytes/Join": grpc.stream_unary_rpc_method_handler(_join),
    "/weir.test.Bytes/Both": grpc.stream_stream_rpc_method_handler(_both),
    "/weir.test.Bytes/Fail": grpc.unary_unary_rpc_method_handler(_fail),
    "/weir.test.Bytes/Hang": grpc.unary_stream_rpc_method_handler(_hang),
    "/weir.test.Bytes/WaitForCancelled": grpc.unary_unary_rpc_method_handler(_wait_for_cancelled),
}


class _Service(grpc.GenericRpcHandler):
    def service(self, handler_call_details):
        return METHODS.get(handler_call_details.method)


def main(port):
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(32), handlers=[_Service()],
                         options=[("grpc.max_receive_message_length", -1), ("grpc.so_reuseport", 0)])
    if server.add_insecure_port(f"127.0.0.1:{port}") != port:
        raise SystemExit(f"cannot listen on {port}")
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main(int(sys.argv[1]))

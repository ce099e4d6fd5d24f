"""Listeners that speak HTTP, as Python values."""

from harness import LOOPBACK, free_port
from weir import chain, extension, tcp_proxy


def http_filter(name, message, **settings):
    return extension("http", name, message, **settings)


def router():
    return http_filter("router", "Router")


def route(target, match=None, name="main", **settings):
    """Everything to a cluster, without a bound in time."""
    return {"name": name, "match": match or {"prefix": "/"}, "route": {"cluster": target, "timeout": "0s", **settings}}


def manager(routes, stat_prefix="web", **settings):
    """http_conn_manager with one virtual host for all domains."""
    return extension("network", "http_conn_manager", "HttpConnectionManager", stat_prefix=stat_prefix,
                     route_config={"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]}, **settings)


def edge(name, routes, **settings):
    """A listener to which clients connect by themselves; its name is that of its metrics, too."""
    return {"name": name, "address": f"{LOOPBACK}:{free_port()}",
            "default_filter_chain": chain("web", manager(routes, stat_prefix=name, **settings))}


def sidecar(name, target):
    """A listener that looks whether a connection speaks HTTP, and then changes nothing in it."""
    http = manager([route(target)], stat_prefix=name, transparent=True)
    return {"name": name, "address": f"{LOOPBACK}:{free_port()}",
            "filter_chains": [chain("http", http, application_protocols=["http/1.0", "http/1.1", "h2c"])],
            "default_filter_chain": chain("tcp", tcp_proxy(target))}

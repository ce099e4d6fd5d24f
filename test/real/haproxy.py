"""haproxy for a test class."""

CONFIG = """
defaults
  mode tcp
  timeout connect 10s
  timeout client 30s
  timeout server 30s
{proxies}
"""


def start_haproxy(test_class, proxies, ports):
    """Runs haproxy with these proxies until the class ends; returns once it listens on all `ports`."""
    config = f"{test_class.folder}/haproxy.conf"
    with open(config, "w", encoding="ascii") as file:
        file.write(CONFIG.format(proxies=proxies))
    process = test_class.start("haproxy", "-db", "-f", config)
    for port in ports:
        process.wait_until_accepts(port)
